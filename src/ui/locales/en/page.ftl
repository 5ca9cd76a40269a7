### The frame of the page: header, composer, welcome, shortcuts.

page-settings = Settings
page-new-chat = New chat
page-skip = Skip to the message box
page-nav = Page
page-composer = Composer
page-elsewhere = elsewhere
page-on = on { $device }
page-models-suffix = : Models
page-loading-model = Loading the model
page-model-ready = { $name } is ready
