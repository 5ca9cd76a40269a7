### 错误与提示：发生了什么，该怎么办。

notices-no-gpu = 没有可用的 GPU
notices-no-gpu-advice = 浏览器和系统需要什么，请看下文。
notices-gpu-lost = 与 GPU 的连接丢失了
notices-gpu-lost-advice = 引擎正在重新启动。对话已保留；准备好后请再问一次。如果再次发生，请关闭其他占用 GPU 的程序。
notices-out-of-memory = GPU 内存不足
notices-out-of-memory-advice = 请关闭其他占用 GPU 的标签页和程序，或选择更小的模型、更短的上下文。
notices-fetch = 有内容无法读取
notices-fetch-advice = 请检查网络连接，然后重试。
notices-not-found = 没有找到
notices-not-found-advice = 请检查拼写，或到模型库自己的页面上查找。
notices-gated = 模型库只把这个模型提供给已同意其条款的人
notices-gated-advice = 请到那里同意条款，创建访问令牌并填在这里；或用您的账号下载文件，再在这里打开。
notices-no-space = 存储空间已满
notices-no-space-advice = 请删除一个模型，或不保存而直接运行这个模型。
notices-damaged = 收到的内容与声明的不符
notices-damaged-advice = 请重试：损坏的部分会重新下载。
notices-busy = 另一个标签页正在处理这个模型
notices-busy-advice = 请等它完成，或到那个标签页继续。
notices-write = 有内容无法保存
notices-write-advice = 某些浏览器的无痕（隐私）窗口不保存任何内容：请使用普通窗口，或不保存而直接运行模型。
notices-bad-model = 模型文件已损坏或不受支持
notices-bad-model-advice = 请重新加载页面以再次获取；如果没有帮助，请重新构建页面。
notices-context-full = 超出了模型的上下文长度
notices-text-is-back = 您的文字已放回输入框。
notices-bad-request = 无法回答这个请求
notices-bad-numbers = GPU 算出了错误的数字
notices-bad-numbers-advice = 宁可不显示，也不显示错误的结果。更新显卡驱动可能有帮助；在地址中加 `?baseline=1` 会使用最简单的内核。
notices-read-back = 无法从 GPU 读取结果
notices-try-again = 请重试。
notices-panic = 由于 Polo 自身的错误，引擎停止了
notices-panic-advice = 它正在重新启动。对话已保留；准备好后请再问一次。
notices-worker = 引擎无法启动
notices-worker-advice = 请重新加载页面。
notices-address = 页面地址中有一部分无法理解
notices-address-advice = 该部分已忽略。
notices-restarted = 引擎在此期间重新启动了
notices-other = 出了点问题
notices-search-refused = 现在无法这样做
notices-details = 详细信息（英文）

## 模型无法加载

notices-load = 无法加载 { $model }
notices-load-why = { $what }。{ $advice }
notices-load-page = 请检查页面的服务器是否在运行，然后重试。
notices-load-stored = 浏览器可能为腾出空间而删除了它。请重新下载，或继续使用 Polo Tiny。
notices-load-picked = 文件可能已被更改或移动。请重新选择，或继续使用 Polo Tiny。
notices-load-network = 请检查网络连接后重试，或继续使用 Polo Tiny。
notices-load-damaged = 请删除后重新下载，选择另一种格式，或继续使用 Polo Tiny。
notices-load-memory = 请选择更小的格式或更短的上下文，关闭其他占用 GPU 的标签页，或继续使用 Polo Tiny。
notices-load-other = 请选择另一个模型，或继续使用 Polo Tiny。
notices-import = 无法打开这个搜索
notices-import-advice = 请选择 Polo 导出的文件，并先加载生成它的模型。

## 提示

notices-context-short = 上下文已缩短
notices-template = 模型的对话模板出错
notices-kv = 键和值以另一种形式保存
notices-recovering = 与 GPU 的连接丢失，正在恢复
notices-recovered = 与 GPU 的连接曾丢失，现已恢复
notices-sampling = 模型自带的部分设置未被采用
notices-remote = 服务器以另一种方式完成
notices-good-to-know = 值得了解

## 输入框上方的按钮和提示条

notices-dismiss = 关闭
notices-again = 重试
notices-use-tiny = 使用 Polo Tiny
