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
page-model-ready = { $name } 已就绪
