### 页面框架：页眉、输入框、欢迎页、快捷键。

page-settings = 设置
page-new-chat = 新对话
