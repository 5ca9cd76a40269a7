### 对话列表及其保存方式。

chats-title = 对话
chats-close = 关闭对话列表
chats-search = 搜索对话
chats-conversation = 对话内容
chats-you = 您
chats-today = 今天
chats-yesterday = 昨天
chats-week = 最近 7 天
chats-month = 最近 30 天
chats-older = 更早
chats-none = 还没有对话。您的提问只保存在这个浏览器里。
chats-none-found = 没有找到。
chats-untitled = 无标题
chats-rename = 重命名“{ $title }”
chats-rename-short = 重命名
chats-title-of = “{ $title }”的标题
chats-export = 将“{ $title }”保存为文件
chats-export-short = 保存为文件
chats-delete = 删除“{ $title }”
chats-delete-short = 删除
chats-deleted = 已删除“{ $title }”。
chats-undo = 撤销
chats-restored = 已恢复“{ $title }”。
chats-copy = 复制为 Markdown
chats-copied = 对话已复制。
chats-export-all = 全部保存
chats-import = 导入
chats-imported = 已导入 { $count } 个对话。
chats-found = { $count ->
    [0] 没有找到。
   *[other] 找到 { $count } 个对话。
}
chats-bad-file = “{ $name }”里没有 Polo 能读取的对话。什么都没有改变。请选择由 Polo 保存的文件。
chats-dismiss = 关闭
chats-opened = 对话“{ $title }”
chats-full = 浏览器的存储空间已满
chats-failed = 对话未能保存
chats-full-advice = 之后写下的内容只在这个标签页里，关闭后就会丢失。请将其保存为文件，或删除不再需要的对话或模型。
chats-try-again = 重试
chats-nothing = 这个浏览器不保存对话
chats-nothing-advice = 一切功能正常，但关闭标签页后对话就会消失。这可能是无痕（隐私）窗口，或此页面的存储已被关闭。
chats-little-room = 浏览器的存储空间快满了
chats-little-room-advice = 对话和模型还剩 { $free } 可用。趁现在还能保存，请将对话存为文件，或删除不再需要的对话或模型。
