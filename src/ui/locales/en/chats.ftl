### The list of conversations, and how they are kept.

chats-title = Chats
chats-close = Close the list of chats
chats-search = Search chats
chats-conversation = Conversation
chats-you = You
chats-today = Today
chats-yesterday = Yesterday
chats-week = The last 7 days
chats-month = The last 30 days
chats-older = Older
chats-none = No chats yet. What you ask is kept here, in this browser only.
chats-none-found = Nothing found.
chats-untitled = Untitled
chats-rename = Rename “{ $title }”
chats-rename-short = Rename
chats-title-of = Title of “{ $title }”
chats-export = Save “{ $title }” as a file
chats-export-short = Save as a file
chats-delete = Delete “{ $title }”
chats-delete-short = Delete
chats-deleted = “{ $title }” was deleted.
chats-undo = Undo
chats-restored = “{ $title }” is back.
chats-copy = Copy as Markdown
chats-copied = The chat was copied.
chats-export-all = Save all
chats-import = Import
chats-imported = { $count ->
    [one] One chat was imported.
   *[other] { $count } chats were imported.
}
chats-found = { $count ->
    [0] Nothing found.
    [one] One chat found.
   *[other] { $count } chats found.
}
chats-bad-file = “{ $name }” holds no chats that Polo can read. Nothing was changed. Choose a file that Polo saved.
chats-dismiss = Dismiss
chats-opened = Chat “{ $title }”
chats-full = The browser's storage is full
chats-failed = The chat could not be kept
chats-full-advice = What was written since is in this tab only, and is gone when it is closed. Save it as a file, or delete chats or models that you no longer need.
chats-try-again = Try again
chats-nothing = This browser keeps no chats
chats-nothing-advice = Everything works, but chats are gone when this tab is closed. Perhaps this is a private window, or storage is turned off for this page.
chats-little-room = The browser's storage is nearly full
chats-little-room-advice = { $free } are left for chats and models. Before something cannot be kept, save the chats as a file, or delete chats or models that you no longer need.
