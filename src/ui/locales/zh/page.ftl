### 页面框架：页眉、输入框、欢迎页、快捷键。

page-settings = 设置
page-new-chat = 新对话
page-skip = 跳到输入框
page-nav = 页面
page-composer = 输入区
page-elsewhere = 在别处运行
page-on = 在 { $device } 上
page-models-suffix = ：模型
page-loading-model = 正在加载模型

## 提问之前

page-welcome = 欢迎
page-welcome-title = 今天解决什么问题？
page-welcome-thinks = Polo 先思考，再回答。
page-welcome-here = Polo 在这个标签页里、用您自己的 GPU 运行：您写的内容不会离开这里。
page-welcome-server = 模型运行在 { $url }：您写的内容只会发往那里。
page-examples = 示例问题
page-about = { $model } 是什么，不是什么
page-about-elsewhere = 它会出错：重要内容请自行核对。
page-about-tiny = 一个随页面附带、有 { $size }参数的模型，只有常见对话模型的千分之一大小。它只学过几类题目，别无其他：不能聊天，不知道任何事实，连自己的题目也会做错。重要内容请自行核对。
page-about-model = 一个有 { $size }参数的模型。它会出错：重要内容请自行核对。
page-about-file = 它的文件中写道：
page-about-right = 正确率 { $share }
page-about-suited = 获取适合此 GPU 的正式模型
page-about-larger = 查看所有模型
page-starter-letters = “strawberry”这个单词里有几个字母“r”？
page-starter-proof = 证明根号 2 是无理数。
page-starter-ball = 球拍和球一共 110 元，球拍比球贵 100 元。球多少钱？
page-starter-code = 写一个函数，判断一段文字是不是回文。

## 模型自称能做的事

page-kind-arithmetic = 算术
page-kind-arithmetic4 = 四位数算术
page-kind-words = 应用题
page-kind-decimals = 比较小数
page-kind-letters = 数字母
page-kind-in-english = { $kind }（英语）
page-kind-in-russian = { $kind }（俄语）
page-kind-in-chinese = { $kind }（中文）

## 数字与单位

page-bytes = { $n } 字节
page-kib = { $n } KiB
page-mib = { $n } MiB
page-gib = { $n } GiB
page-kb = { $n } kB
page-mb = { $n } MB
page-gb = { $n } GB
page-a-second = { $size }/秒
page-of = { $done } / { $whole }
page-ms = { $n } 毫秒
page-s = { $n } 秒
page-min-s = { $min } 分 { $s } 秒
page-left-s = 剩余 { $n } 秒
page-left-min = 剩余 { $n } 分钟
page-left-h = 剩余 { $h } 小时 { $min } 分钟
page-billion = { $n } 亿
page-million = { $n } 万
page-percent = { $n }%

## 多处共用的短语

page-close = 关闭

# 回答的词元，以及模型对每个词元的把握。
page-confidence = 置信度
page-confidence-about = 按模型的把握显示每个词元
page-tokens = 词元
page-tokens-title = 按置信度显示的词元
page-tokens-thought = 思考
page-tokens-output = 回答
page-tokens-legend = 置信度：
page-tokens-unit = %
page-tokens-hint = 指向一个词元，可以看到它还可能是什么。点击或用方向键选中它，就可以从那里继续。
page-token-plain = “{ $text }”
page-token-sure = “{ $text }”，置信度 { $share }
page-token-forced = “{ $text }”，被放在这里
page-token-of = 第 { $number } 个词元，共 { $count } 个：{ $token }
page-token-taken = 已选
page-token-no-others = 没有已知的其他可能。
page-token-go-on = 从这里继续
page-token-go-on-name = 用“{ $text }”从这里继续
page-code-copy = 复制
page-code-copied = 已复制
page-code-not-allowed = 不允许
page-table = 表格
page-image = 图片：{ $text }

# 消息中的文本文件，以及它占用的空间。
page-file-attach = 附加文本文件
page-file-list = 已附加的文件
page-file-tokens = { $count } 个词元
page-file-tokens-about = 约 { $count } 个词元
page-file-remove = 移除 { $name }
page-file-no-text = { $name } 不是 UTF-8 文本，不能放进消息。
page-file-empty = { $name } 是空的。
page-file-too-large = { $name } 有 { $size }：一条消息放不下超过 { $most } 的文本。
page-file-unreadable = 无法读取 { $name }。
page-drop-title = 把文件拖到这里
page-drop-about = 文本会放进您的消息。GGUF 文件，或 safetensors 与 config.json、tokenizer.json，会作为模型打开。导出的对话或搜索会被打开。
page-composer-message = 消息
page-composer-placeholder = 向 Polo 提一个问题
page-composer-send = 发送
page-composer-send-keys = 发送（Enter）
page-composer-stop = 停止
page-composer-stop-keys = 停止（Esc）
page-composer-keys = Enter 发送 · Shift + Enter 换行 · Esc 停止
page-context = 上下文 { $used } / { $context }
page-context-about = 上下文约 { $used } / { $context }
page-context-over = 放不下：连同前面的内容共 { $used } 个词元，而上下文只能容纳 { $context } 个。请缩短消息，或开始新的对话。
page-context-over-about = 可能放不下：连同前面的内容约 { $used } 个词元，而上下文只能容纳 { $context } 个。

# 命令及其按键。
page-command-palette = 命令
page-command-shortcuts = 键盘快捷键
page-command-new-chat = 新对话
page-command-search-chats = 搜索对话
page-command-write = 写消息
page-command-edit-last = 编辑上一条消息
page-command-stop = 停止
page-command-regenerate = 重新生成上一个回答
page-command-copy-reply = 复制上一个回答
page-command-confidence = 按置信度显示上一个回答
page-command-thoughts = 展开或收起思考
page-command-search = 打开或关闭搜索
page-command-search-knobs = 调整搜索
page-command-compare = 比较四种得到答案的方式
page-command-attach = 附加文本文件
page-command-models = 模型
page-command-inspector = 模型与 GPU
page-command-settings = 设置
page-command-theme = 更换主题
page-command-language = 更换语言
page-command-export = 保存全部对话
page-palette-box = 输入命令
page-palette-list = 找到的命令
page-palette-none = 没有这个名称的命令。
page-keys-send = 发送消息
page-keys-line = 换行
page-keys-single = 不在输入文字时，单个按键就是命令
page-copied = 已复制
