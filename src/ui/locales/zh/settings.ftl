### 设置：页面本身、回答方式以及保存的内容。

settings-title = 设置
settings-about = 保存在此浏览器中，从下一条消息起生效。

## 页面

settings-page = 页面
settings-language = 语言
settings-language-auto = 跟随浏览器
settings-theme = 主题
settings-theme-auto = 跟随系统
settings-theme-light = 浅色
settings-theme-dark = 深色

## 系统提示词

settings-system = 系统提示词
settings-system-hint = 每次对话前告诉模型的话：它扮演谁，怎样回答。
settings-system-placeholder = 留空：使用模型自带的
settings-prompt = 预设
settings-prompt-own = 模型自带的
settings-prompt-marco = Marco-o1 的
settings-prompt-typed = 如下所写
settings-prompt-save = 保存此提示词
settings-prompt-name = 预设名称
settings-prompt-saved = 已保存为“{ $name }”。
settings-prompt-delete = 删除此预设
settings-prompt-deleted = “{ $name }”已删除；文字仍保留在下面。

## 如何选择词元

settings-sampling = 如何选择词元
settings-max-tokens = 最多生成词元数
settings-max-tokens-hint = 回答的最大长度。
settings-temperature = 温度
settings-temperature-hint = 0 总是选最可能的词元。
settings-top-p = Top-p
settings-top-p-hint = 保留概率之和达到此值的最可能词元。1 为全部保留。
settings-top-k = Top-k
settings-top-k-hint = 保留最可能的词元个数。0 为全部保留。
settings-seed = 随机种子
settings-seed-hint = 相同的种子得到相同的回答。
settings-seed-new = 每次新的
settings-expected-tokens = 应为不小于 1 的整数。
settings-expected-temperature = 应为 0 到 4 之间的数。
settings-expected-top-p = 应为大于 0 且不超过 1 的数。
settings-expected-top-k = 应为 0（关闭）到 64 之间的整数。
settings-expected-seed = 应为整数；留空则每次使用新的种子。
settings-restore = 恢复默认值
settings-restore-hint = 针对上面的提示词和数值。

## 搜索

settings-search = 搜索
settings-search-hint = 多条思路长成一棵树，由各自的答案投票。更慢，而且在简单问题上往往并不更好。
settings-search-open = 调整每个参数
settings-search-on = 对每个新问题都进行搜索

## 数据

settings-data = 数据
settings-data-hint = 全部留在此浏览器中：设置、对话和已下载的模型。不会发送到任何地方。
settings-data-models = 已保存的模型
settings-chats-export = 保存全部对话
settings-chats-delete = 删除全部对话
settings-chats-ask = 要永久删除全部 { $count } 个对话吗？
settings-chats-keep = 保留
settings-chats-none = 没有对话。
settings-chats-deleted = 已删除全部对话。
settings-export = 把设置保存为文件
settings-import = 从文件读取设置
settings-imported = 文件中的设置已生效。
settings-import-failed = 没有任何更改。{ $why }
settings-file-not-json = 这不是 Polo 的设置文件：应为在此保存的 JSON。
settings-file-newer = 文件版本是 { $version }，而此 Polo 最多读到 { $known }：请使用更新的 Polo。
settings-file-wrong = 其中有不允许的值：{ $what }
