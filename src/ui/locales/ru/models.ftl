### Модели: что работает, что сохранено, что можно получить.

models-title = Модели
models-all = Все модели
models-in-use-region = Сейчас работает
models-in-use = Работает
models-open-inspector = Модель и видеокарта
models-weights = { $weights } параметров
models-on-gpu = { $size } на видеокарте
models-context = { $tokens ->
        [one] контекст { $tokens } токен
        [few] контекст { $tokens } токена
       *[many] контекст { $tokens } токенов
    }
models-at = { $model } на { $host }
models-some = модель
models-at-server = по адресу { $url }
models-from-disk = Модель с вашего диска
models-ready = Модель { $model } готова

## Загрузка в память

models-loading = Загрузка модели
models-steps = Этапы загрузки
models-step-open = Открыть
models-step-upload = Перенести
models-step-compile = Собрать
models-step-check = Проверить
models-phase-open = Открывается файл
models-phase-upload = Параметры переносятся на видеокарту
models-phase-compile = Собираются ядра
models-phase-check = Проверяются вычисления
models-phase-done = { $phase }.
models-phase-of = { $phase }: { $done }.
models-starting = Движок запускается.
models-answers = Модель отвечает.
models-down = Движок не работает.
models-short-starting = запуск…
models-short-opening = открытие…
models-short-compiling = сборка…
models-short-checking = проверка…
models-short-down = не работает

## Скачивание

models-downloads = Загрузки
models-download-of = Загрузка модели { $model }
models-downloading = Скачивается { $model }
models-is-downloaded = Модель { $model } скачана
models-download-paused = Скачивание { $model } приостановлено
models-download-stopped = Скачивание { $model } прервалось: { $why }
models-paused-at = Пауза: { $bytes }
models-pausing-at = Останавливается: { $bytes }
models-stopped-at = Прервано: { $bytes }
models-verifying = Проверка скачанного: { $bytes }
models-waiting = { $bytes } · нет соединения, новая попытка
models-pause = Пауза
models-pause-of = Приостановить скачивание { $model }
models-go-on = Продолжить
models-go-on-of = Продолжить скачивание { $model }
models-discard = Отменить и удалить
models-discard-of = Отменить и удалить скачивание { $model }

## Сохранённые модели

models-here = На этом устройстве
models-looking = Смотрим, что сохранено…
models-tiny-about = Идёт вместе со страницей · только примеры и текстовые задачи
models-run = Запустить
models-run-of = Запустить { $model }
models-options = Параметры
models-options-of = Параметры { $model }
models-delete = Удалить
models-delete-of = Удалить { $model }
models-delete-ask = Удалить?
models-delete-ask-in-use = Она сейчас работает. Удалить?
models-delete-ask-of = Удалить { $model }?
models-deleting = Удаляется { $model }
models-deleted = Удалено
models-keep = Оставить
models-incomplete = Скачана не целиком: { $bytes }
models-account-none = Сохранённых моделей нет: { $place }.
models-account-none-free = Сохранённых моделей нет; свободно { $free } ({ $place }).
models-account = { $count ->
        [one] { $count } модель занимает { $used } ({ $place }).
        [few] { $count } модели занимают { $used } ({ $place }).
       *[many] { $count } моделей занимают { $used } ({ $place }).
    }
models-account-free = { $count ->
        [one] { $count } модель занимает { $used }; свободно { $free } ({ $place }).
        [few] { $count } модели занимают { $used }; свободно { $free } ({ $place }).
       *[many] { $count } моделей занимают { $used }; свободно { $free } ({ $place }).
    }
models-this-browser = этот браузер
models-storage = Хранилище
models-storage-used = Занято в хранилище
models-storage-kept = Браузер обещал не удалять их сам.
models-storage-may-go = Если диск заполнится, браузер может удалить сохранённое без спроса.
models-storage-ask = Попросить браузер их хранить

## Пути к другим моделям

models-get = Взять модель
models-reference = Репозиторий или адрес
models-reference-placeholder = user/repo или адрес
models-find = Найти
models-open-files = Открыть файлы…
models-get-hint = Репозиторий Hugging Face, например `bartowski/Marco-o1-GGUF:Q4_K_M`, или https-адрес файла GGUF. Файлы можно и просто перетащить в любое место страницы.
models-hub = Модели ищутся на `{ $hub }`.
models-token = Токен доступа к хабу
models-token-try = Попробовать с ним
models-token-hint = Он отправляется только хабу и забывается, когда вы уходите со страницы.
models-picked-several = Это несколько моделей: выберите одну.
models-picked-several-parts = Это несколько моделей: выберите части одной.
models-picked-parts = У { $model } частей: { $parts }, выбрано: { $chosen }. Выберите все.
models-picked-missing = Файлам safetensors нужны рядом { $files } из той же папки.
models-picked-and = { $one } и { $other }
models-picked-other = { $file } — не файл модели: нужен файл GGUF или config.json и tokenizer.json вместе с файлами safetensors.
models-beside = Взять движок машины, с которой открыта эта страница
models-beside-hint = Это `polo serve` на её собственной видеокарте. Написанное уходит тогда на ту машину и никуда больше.
models-server = Сервер с интерфейсом OpenAI
models-server-address = Адрес
models-server-model = Модель, если их несколько
models-server-key = Ключ, если нужен
models-server-use = Подключить
models-server-hint = vLLM, сервер llama.cpp или `polo serve`. Тогда вопросы и ответы идут на этот адрес и больше никому; ключ забывается, когда вы уходите со страницы. Сервер должен разрешать эту страницу (CORS); для других машин нужен https.
models-server-no-address = «{ $address }» — не адрес сервера; нужен адрес вида http://host:port/v1
models-server-https = http://{ $host } — не на этой машине: страница может обращаться к нему только по https. Команда может и так: polo run --engine { $url }

## Каталог

models-catalogue = Заведомо подходят
models-stored-tag = Скачана
models-about-marco-o1 = Модель, для которой сделана эта программа: долго думает над открытыми задачами, потом отвечает.
models-about-deepseek-r1-7b = Сильна в математике и логике; думает долго.
models-about-deepseek-r1-1-5b = Самая маленькая модель, которая хорошо рассуждает; помещается почти на любую видеокарту.
models-about-qwen2-5-7b = Способный помощник на все случаи и на многих языках; отвечает сразу.
models-about-qwen2-5-1-5b = Быстрый помощник для небольших видеокарт.
models-about-qwen2-5-0-5b = Очень маленькая и быстрая; только для простых вопросов.
models-about-qwen2-7b = Основа, из которой дообучена Marco-o1.
models-about-qwen2-1-5b = Быстрый помощник для небольших видеокарт, прошлого поколения.
models-about-qwen2-0-5b = Очень маленькая и быстрая, прошлого поколения.
models-about-smollm2-1-7b = Небольшой помощник на открытых данных; английский.
models-about-smollm2-360m = Работает на чём угодно; короткий и простой английский.
models-about-smollm2-135m = Самая маленькая настоящая чат-модель: убедиться, что всё работает.

## Модель перед запуском

models-looking-up = Ищем…
models-commit = коммит { $commit }
models-no-files = Здесь нет файлов GGUF или safetensors.
models-no-form = Ни один из вариантов нельзя загрузить; причины указаны рядом.
models-in-files = { $parts ->
        [one] { $size }, { $parts } файл
        [few] { $size }, { $parts } файла
       *[many] { $size }, { $parts } файлов
    }
models-recommended = Рекомендуется
models-form = Вариант
models-unsupported = Формат { $form } Polo не читает.
models-no-tokenizer = Рядом с параметрами нет tokenizer.json.
models-context-field = Контекст, в токенах
models-context-all = { $tokens } (сколько в ней заложено)
models-context-longest = { $tokens } (больше не поместится)
models-held = Хранить параметры
models-held-file = как в файле
models-held-q8 = в 8 битах
models-held-q4 = в 4 битах
models-held-nf4 = в 4 битах, NF4
models-no-room = В хранилище не хватает { $size }: удалите какую-нибудь модель или запустите эту без сохранения.
models-picked-hint = Файлы остаются на месте, ничего не копируется. После перезагрузки откройте их снова.
models-save-hint = Сохранённая откроется в следующий раз без сети. Несохранённая будет скачана заново.
models-run-anyway = Всё равно запустить
models-download-and-run = Скачать и запустить
models-download-anyway = Всё равно скачать
models-run-unsaved = Запустить без сохранения
models-cancel = Отмена

## Помещается ли

models-fit = Поместится ли?
models-fit-yes = { $tokens ->
        [one] Помещается, с контекстом в { $tokens } токен
        [few] Помещается, с контекстом в { $tokens } токена
       *[many] Помещается, с контекстом в { $tokens } токенов
    }
models-fit-shorter = { $tokens ->
        [one] Помещается с контекстом покороче: не больше { $tokens } токена
        [few] Помещается с контекстом покороче: не больше { $tokens } токенов
       *[many] Помещается с контекстом покороче: не больше { $tokens } токенов
    }
models-fit-no = На эту видеокарту не помещается
models-fit-unknown = Браузер не сообщает, сколько памяти у этой видеокарты
models-fit-reading = Читаем начало файла…
models-fit-failed = Не удалось узнать, поместится ли.
models-fit-weights = Параметры
models-fit-kv = Ключи и значения
models-fit-scratch = Рабочая память
models-fit-total = Всего
models-fit-device = Память видеокарты
models-fit-needs = Нужно { $needed }; у видеокарты { $has }.
models-fit-needs-unknown = Нужно { $needed } памяти видеокарты.
models-fit-shortened = { $tokens ->
        [one] Укорочен с { $tokens } токена, чтобы поместиться.
        [few] Укорочен с { $tokens } токенов, чтобы поместиться.
       *[many] Укорочен с { $tokens } токенов, чтобы поместиться.
    }
models-fit-try = Попробовать { $form }, { $size }
models-fit-no-smaller = Вариантов поменьше нет. Выберите модель с меньшим числом параметров.

## Что и на чём работает

models-name = Название
models-architecture = Архитектура
models-parameters = Параметров
models-gpu-bytes = На видеокарте
models-context-row = Контекст
models-tokens = { $tokens ->
        [one] { $tokens } токен
        [few] { $tokens } токена
       *[many] { $tokens } токенов
    }
models-loaded-in = Загружена за
models-model = Модель
models-claims = Что сказано в файле
models-adapter = Адаптер
models-interface = Интерфейс
models-kind = Тип
models-driver = Драйвер
models-features = Используемые возможности
models-none = нет
models-gpu = Видеокарта
models-kernels = Ядра
models-limits = Пределы
models-checks = Проверки
models-check-kernels = Проверить ядра
models-measure = Измерить скорость
models-checking = Каждое ядро сверяется с эталоном…
models-measuring = Измеряем…
models-checked = С эталоном совпали ядра: { $passed } из { $all }.
models-matches = совпадает
models-differs = отличается
models-error-of = погрешность { $error }, допустимо не больше { $allowed }
models-kernels-checked = Проверенные ядра
models-bench-prompt = Чтение вопроса
models-bench-memory = Память
models-bench-read = { $speed } при чтении { $bytes }
models-bench-batch = Ответы, по { $batch } сразу
models-bench-reply = { $speed }, { $memory } ({ $share } от памяти), запусков за шаг: { $dispatches }
models-tokens-per-s = { $speed } токенов/с
models-tensors = Тензоры
models-shape = Размеры
models-in-file = В файле
models-buffers = Буферов
models-way = { $count } × { $file } → { $gpu }, параметров: { $weights }
