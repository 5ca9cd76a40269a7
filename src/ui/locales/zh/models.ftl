### 模型：正在运行的、已保存的和可以获取的。

models-title = 模型
models-all = 全部模型
models-in-use-region = 正在使用
models-in-use = 使用中
models-open-inspector = 模型与 GPU
models-weights = { $weights }参数
models-on-gpu = GPU 上占用 { $size }
models-context = 上下文 { $tokens } 词元
models-at = { $host } 上的 { $model }
models-some = 模型
models-at-server = 位于 { $url }
models-from-disk = 磁盘上的模型
models-ready = { $model } 已就绪

## 加载

models-loading = 正在加载模型
models-steps = 加载阶段
models-step-open = 打开
models-step-upload = 上传
models-step-compile = 编译
models-step-check = 检查
models-phase-open = 正在打开文件
models-phase-upload = 正在把参数传到 GPU
models-phase-compile = 正在编译内核
models-phase-check = 正在核对计算结果
models-phase-done = { $phase }。
models-phase-of = { $phase }：{ $done }。
models-starting = 引擎正在启动。
models-answers = 模型可以回答。
models-down = 引擎没有运行。
models-short-starting = 启动中…
models-short-opening = 打开中…
models-short-compiling = 编译中…
models-short-checking = 检查中…
models-short-down = 未运行

## 下载

models-downloads = 下载
models-download-of = 下载 { $model }
models-downloading = 正在下载 { $model }
models-is-downloaded = { $model } 已下载
models-download-paused = { $model } 的下载已暂停
models-download-stopped = { $model } 的下载已停止：{ $why }
models-paused-at = 已暂停：{ $bytes }
models-pausing-at = 正在暂停：{ $bytes }
models-stopped-at = 已停止：{ $bytes }
models-verifying = 正在校验：{ $bytes }
models-waiting = { $bytes } · 没有连接，正在重试
models-pause = 暂停
models-pause-of = 暂停下载 { $model }
models-go-on = 继续
models-go-on-of = 继续下载 { $model }
models-discard = 取消并删除
models-discard-of = 取消并删除 { $model } 的下载

## 已保存的模型

models-here = 在本设备上
models-looking = 正在查看已保存的内容…
models-tiny-about = 随页面附带 · 只会算术题和应用题
models-run = 运行
models-run-of = 运行 { $model }
models-options = 选项
models-options-of = { $model } 的选项
models-delete = 删除
models-delete-of = 删除 { $model }
models-delete-ask = 要删除吗？
models-delete-ask-in-use = 它正在使用中。要删除吗？
models-delete-ask-of = 删除 { $model }？
models-deleting = 正在删除 { $model }
models-deleted = 已删除
models-keep = 保留
models-incomplete = 不完整：{ $bytes }
models-account-none = { $place }中没有保存模型。
models-account-none-free = 没有保存模型；{ $place }有 { $free } 可用空间。
models-account = { $count } 个模型占用{ $place }的 { $used }。
models-account-free = { $count } 个模型占用 { $used }；{ $place }还有 { $free } 可用。
models-this-browser = 此浏览器
models-storage = 存储
models-storage-used = 已用存储
models-storage-kept = 浏览器已承诺不会自行删除它们。
models-storage-may-go = 磁盘快满时，浏览器可能不经询问就删除这里保存的内容。
models-storage-ask = 请求浏览器保留它们

## 获取其他模型

models-get = 获取模型
models-reference = 仓库或地址
models-reference-placeholder = user/repo，或一个地址
models-find = 查找
models-open-files = 打开文件…
models-get-hint = Hugging Face 仓库，例如 `bartowski/Marco-o1-GGUF:Q4_K_M`，或 GGUF 文件的 https 地址。也可以把文件拖放到页面的任何位置。
models-hub = 模型从 `{ $hub }` 查找。
models-token = 模型库的访问令牌
models-token-try = 用它重试
models-token-hint = 它只会发送给模型库，离开页面后即被忘记。
models-picked-several = 这是多个模型：请选择一个。
models-picked-several-parts = 这是多个模型：请选择同一个模型的各部分。
models-picked-parts = { $model } 有 { $parts } 个部分，只选了 { $chosen } 个：请全部选择。
models-picked-missing = safetensors 文件还需要同一文件夹中的 { $files }。
models-picked-and = { $one } 和 { $other }
models-picked-other = { $file } 不是模型文件：需要一个 GGUF 文件，或 config.json、tokenizer.json 和 safetensors 文件。
models-beside = 使用提供此页面的计算机上的引擎
models-beside-hint = 它是运行在那台计算机自己的 GPU 上的 `polo serve`。您写的内容只会发送到那台计算机。
models-server = 兼容 OpenAI 的服务器
models-server-address = 地址
models-server-model = 模型（如果有多个）
models-server-key = 密钥（如果需要）
models-server-use = 使用
models-server-hint = 可以是 vLLM、llama.cpp 的服务器或 `polo serve`。之后您的问题和回答只会发往该地址；离开页面后密钥即被忘记。服务器必须允许本页面（CORS）；其他机器需要 https。
models-server-no-address = “{ $address }”不是服务器地址；应形如 http://host:port/v1
models-server-https = http://{ $host } 不在本机上：页面只能通过 https 访问它。命令行可以：polo run --engine { $url }

## 目录

models-catalogue = 已知适用
models-stored-tag = 已下载
models-about-marco-o1 = 本程序为之而做的模型：对开放问题深入思考，然后作答。
models-about-deepseek-r1-7b = 擅长数学和逻辑；思考时间长。
models-about-deepseek-r1-1-5b = 推理能力好的最小模型；适合大多数 GPU。
models-about-qwen2-5-7b = 能力全面的多语言助手；直接回答。
models-about-qwen2-5-1-5b = 适合小型 GPU 的快速助手。
models-about-qwen2-5-0-5b = 非常小，非常快；只适合简单问题。
models-about-qwen2-7b = Marco-o1 微调所用的基础模型。
models-about-qwen2-1-5b = 适合小型 GPU 的快速助手，上一代。
models-about-qwen2-0-5b = 非常小，非常快，上一代。
models-about-smollm2-1-7b = 训练数据开放的小型助手；英语。
models-about-smollm2-360m = 什么设备都能运行；简短的英语。
models-about-smollm2-135m = 最小的真正对话模型：用来确认一切正常。

## 运行前的模型

models-looking-up = 正在查找…
models-commit = 提交 { $commit }
models-no-files = 这里没有 GGUF 或 safetensors 文件。
models-no-form = 没有一种格式可以加载；原因写在旁边。
models-in-files = { $size }，{ $parts } 个文件
models-recommended = 推荐
models-form = 格式
models-unsupported = Polo 无法读取 { $form } 格式。
models-no-tokenizer = 参数旁边没有 tokenizer.json。
models-context-field = 上下文（词元）
models-context-all = { $tokens }（模型支持的最大值）
models-context-longest = { $tokens }（能容纳的最大值）
models-held = 参数的存放方式
models-held-file = 与文件相同
models-held-q8 = 8 位
models-held-q4 = 4 位
models-held-nf4 = 4 位，NF4
models-no-room = 本地存储还缺 { $size }：请删除一个模型，或不保存而直接运行这个模型。
models-picked-hint = 文件留在原处，不会复制。重新加载页面后请再次打开它们。
models-save-hint = 保存后，下次无需网络即可打开。不保存，则下次访问时重新下载。
models-run-anyway = 仍然运行
models-download-and-run = 下载并运行
models-download-anyway = 仍然下载
models-run-unsaved = 不保存直接运行
models-cancel = 取消

## 是否放得下

models-fit = 放得下吗？
models-fit-yes = 放得下，上下文 { $tokens } 词元
models-fit-shorter = 缩短上下文后放得下：最多 { $tokens } 词元
models-fit-no = 这块 GPU 放不下
models-fit-unknown = 浏览器没有透露这块 GPU 有多少内存
models-fit-reading = 正在读取文件头…
models-fit-failed = 无法判断是否放得下。
models-fit-weights = 参数
models-fit-kv = 键和值
models-fit-scratch = 工作空间
models-fit-total = 合计
models-fit-device = GPU 内存
models-fit-needs = 需要 { $needed }；GPU 有 { $has }。
models-fit-needs-unknown = 需要 { $needed } 的 GPU 内存。
models-fit-shortened = 为放得下，已从 { $tokens } 词元缩短。
models-fit-try = 试试 { $form }，{ $size }
models-fit-no-smaller = 没有列出更小的格式。请选择参数更少的模型。

## 运行的模型和设备

models-name = 名称
models-architecture = 架构
models-parameters = 参数量
models-gpu-bytes = GPU 占用
models-context-row = 上下文
models-tokens = { $tokens } 词元
models-loaded-in = 加载用时
models-model = 模型
models-claims = 文件中的说明
models-adapter = 适配器
models-interface = 接口
models-kind = 类型
models-driver = 驱动
models-features = 使用的特性
models-none = 无
models-gpu = GPU
models-kernels = 内核
models-limits = 限制
models-checks = 检查
models-check-kernels = 检查内核
models-measure = 测量速度
models-checking = 正在将每个内核与参考实现对照…
models-measuring = 正在测量…
models-checked = { $all } 个内核中有 { $passed } 个与参考一致。
models-matches = 一致
models-differs = 不一致
models-error-of = 误差 { $error }，最多允许 { $allowed }
models-kernels-checked = 已检查的内核
models-bench-prompt = 读取提示
models-bench-memory = 内存
models-bench-read = { $speed }，读取 { $bytes }
models-bench-batch = 回答，同时 { $batch } 个
models-bench-reply = { $speed }，{ $memory }（内存的 { $share }），每步 { $dispatches } 次调度
models-tokens-per-s = { $speed } 词元/秒
models-tensors = 张量
models-shape = 形状
models-in-file = 文件中
models-buffers = 缓冲区
models-way = { $count } × { $file } → { $gpu }，{ $weights } 个参数
