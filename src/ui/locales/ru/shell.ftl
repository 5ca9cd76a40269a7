### Что вкладка говорит о себе, строки над полем ввода и страница без WebGPU.

shell-title-working = Работает… – Polo
shell-title-done = ✓ Готово – Polo
shell-slowed = В фоне браузер замедлил работу: { $unseen } токенов/с вместо { $seen } на виду. Для полной скорости держите вкладку видимой, в отдельном окне.
shell-offline = Нет сети. Polo продолжает работать: модель выполняется на этой машине. Подождать придётся только с поиском и загрузкой моделей.
shell-offline-remote = Нет сети. Модель работает на другой машине и может быть недоступна, пока сеть не вернётся; модель на этой машине продолжила бы работу.
shell-not-now = Не сейчас
shell-try-again = Попробовать снова
shell-use-tiny = Взять Polo Tiny
shell-other-model = Выбрать другую модель
shell-update = Готова новая версия Polo. До перезагрузки ничего не изменится.
shell-update-use = Перезагрузить
shell-update-busy = Готовится ответ: перезагрузите, когда он будет закончен, или сначала остановите его.
shell-interrupted = Модель { $name } загружена не до конца: { $have }.
shell-go-on = Продолжить
shell-offer = Модель { $name } загружена.
shell-offer-run = Запустить

shell-insecure = Адрес не защищён, поэтому браузер не даёт доступа к видеокарте
shell-insecure-why = Браузеры предоставляют WebGPU только по https и на localhost. По обычному http в сети, как здесь, они его скрывают.
shell-no-webgpu = В этом браузере нет WebGPU
shell-no-webgpu-why = Polo считает на видеокарте через WebGPU. Здесь его нет, или он выключен.
shell-no-adapter = Браузер не нашёл видеокарты, которой может пользоваться
shell-no-adapter-why = WebGPU есть, но не дал адаптера: драйвера нет, он слишком старый или в чёрном списке браузера.
shell-elsewhere = Модель на другой машине
shell-elsewhere-about = Модели на сервере видеокарта здесь не нужна: страница спрашивает её, а всё остальное делает сама. Написанное уходит тогда на этот сервер.
shell-works = Что работает
shell-works-local = Откройте страницу на той машине, которая её раздаёт, по адресу
shell-works-https = , или раздавайте её по https.
shell-works-chrome = Chrome или Edge 113 и новее на Windows, macOS, ChromeOS и Android 12 и новее.
shell-works-safari = Safari 26 и новее на macOS, iOS и iPadOS.
shell-works-firefox = Firefox 141 и новее на Windows; 145 и новее на Mac с процессором Apple.
shell-works-linux = Chromium на Linux, возможно, нужно запускать с параметрами
shell-works-driver = { " " }и с драйвером Vulkan (в Debian и Ubuntu это пакет
shell-works-driver-end = ).
shell-more = Чтобы узнать больше
shell-more-gpu = : что браузер думает о вашей видеокарте. В его настройках должно быть включено аппаратное ускорение.
shell-more-terminal = Та же модель отвечает в терминале:
shell-more-command = polo ask "Сколько будет 48 + 37?"

shell-now = Сейчас
shell-now-memory = Память видеокарты
shell-now-speed = Скорость последнего ответа
shell-now-per-second = { $speed } токенов/с
shell-now-network = Сеть
shell-now-online = есть
shell-now-offline = нет; модель на этой машине продолжает работать
