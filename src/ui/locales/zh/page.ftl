### 页面框架：页眉、输入框、欢迎页、快捷键。

page-settings = 设置
page-new-chat = 新对话

## 提问之前

page-welcome = 欢迎
page-welcome-title = 今天解决什么问题？
page-welcome-thinks = Polo 先思考，再回答。
page-welcome-here = 它在这个标签页里、用您自己的 GPU 运行：您写的内容不会离开这里。
page-welcome-server = 它运行在 { $url }：您写的内容只会发往那里。
page-examples = 示例问题
page-about = { $model } 是什么，不是什么
page-about-elsewhere = 它会出错：重要内容请自行核对。
page-about-tiny = 一个随页面附带、有 { $size } 参数的模型，只有常见对话模型的千分之一大小。它只学过几类题目，别无其他：不能聊天，不知道任何事实，连自己的题目也会做错。重要内容请自行核对。
page-about-model = 一个有 { $size } 参数的模型。它会出错：重要内容请自行核对。
page-about-file = 它的文件中写道：
page-about-right = 正确率 { $share }
page-about-larger = 选择更大的模型
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
page-copy = 复制
page-copied = 已复制
page-not-allowed = 不允许
