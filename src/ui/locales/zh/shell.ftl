### 标签页的状态、输入框上方的提示行，以及没有 WebGPU 时的页面。

shell-title-working = 运行中… – Polo
shell-title-done = ✓ 已完成 – Polo
shell-slowed = 在后台时浏览器降低了速度：每秒 { $unseen } 个词元，而在前台是 { $seen } 个。要保持全速，请让此标签页在单独的窗口中可见。
shell-offline = 网络已断开。Polo 仍可使用：模型在这台机器上运行。只有查找和下载模型需要等待。
shell-offline-remote = 网络已断开。当前模型在别处运行，网络恢复前可能无法访问；在这台机器上运行的模型不受影响。
shell-not-now = 暂不
shell-try-again = 重试
shell-use-tiny = 使用 Polo Tiny
shell-other-model = 选择其他模型
shell-update = Polo 的新版本已就绪。重新加载之前不会有任何变化。
shell-update-use = 重新加载
shell-update-busy = 正在生成回答：请等它完成后再重新加载，或先停止它。
shell-interrupted = { $name } 没有下载完：{ $have }。
shell-go-on = 继续
shell-offer = { $name } 已下载完成。
shell-offer-run = 运行

shell-insecure = 此地址不安全，因此浏览器不提供 GPU
shell-insecure-why = 浏览器只在 https 和 localhost 上提供 WebGPU。像这里这样通过网络上的普通 http 访问时，它会被隐藏。
shell-no-webgpu = 此浏览器不支持 WebGPU
shell-no-webgpu-why = Polo 通过 WebGPU 在 GPU 上计算。这里没有它，或者它被关闭了。
shell-no-adapter = 浏览器没有找到可用的 GPU
shell-no-adapter-why = WebGPU 存在，但没有给出适配器：驱动程序缺失、过旧，或在浏览器的黑名单中。
shell-elsewhere = 另一台机器上的模型
shell-elsewhere-about = 服务器上的模型不需要这里的 GPU：页面向它提问，其余一切照常。您写的内容会发送到该服务器。
shell-works = 可行的办法
shell-works-local = 在提供页面的机器上打开
shell-works-https = ，或通过 https 提供页面。
shell-works-chrome = Windows、macOS、ChromeOS 以及 Android 12 或更高版本上的 Chrome 或 Edge 113 及更高版本。
shell-works-safari = macOS、iOS 和 iPadOS 上的 Safari 26 及更高版本。
shell-works-firefox = Windows 上的 Firefox 141 及更高版本；Apple 芯片 Mac 上的 145 及更高版本。
shell-works-linux = Linux 上的 Chromium 可能需要用以下参数启动：
shell-works-driver = { " " }并安装 Vulkan 驱动（在 Debian 和 Ubuntu 上是
shell-works-driver-end = ）。
shell-more = 了解更多
shell-more-gpu = ：浏览器对您的 GPU 的判断。必须在浏览器设置中开启硬件加速。
shell-more-terminal = 同一个模型也能在终端中回答：
shell-more-command = polo ask "48 + 37 等于多少？"

shell-now = 当前
shell-now-memory = 占用的 GPU 内存
shell-now-speed = 上次回答的速度
shell-now-per-second = 每秒 { $speed } 个词元
shell-now-network = 网络
shell-now-online = 已连接
shell-now-offline = 已断开；这台机器上的模型不受影响
