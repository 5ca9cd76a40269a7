### The frame of the page: header, composer, welcome, shortcuts.

page-settings = Settings
page-new-chat = New chat
