### Настройки: сама страница, как делаются ответы, что хранится.

settings-title = Настройки
settings-about = Хранятся в этом браузере и действуют со следующего сообщения.

## Страница

settings-page = Страница
settings-language = Язык
settings-language-auto = Как в браузере
settings-theme = Оформление
settings-theme-auto = Как в системе
settings-theme-light = Светлое
settings-theme-dark = Тёмное

## Системные промпты

settings-system = Системный промпт
settings-system-hint = Говорится модели перед каждым разговором: кем ей быть и как отвечать.
settings-system-placeholder = Пусто: собственный промпт модели
settings-prompt = Заготовка
settings-prompt-own = Собственный промпт модели
settings-prompt-marco = Промпт Marco-o1
settings-prompt-typed = Как написано ниже
settings-prompt-save = Сохранить этот промпт
settings-prompt-name = Название заготовки
settings-prompt-saved = Сохранено как «{ $name }».
settings-prompt-delete = Удалить эту заготовку
settings-prompt-deleted = Заготовка «{ $name }» удалена; её текст остался ниже.

## Как выбираются токены

settings-sampling = Как выбираются токены
settings-max-tokens = Предел ответа, токенов
settings-max-tokens-hint = Самый длинный ответ.
settings-temperature = Температура
settings-temperature-hint = 0 всегда берёт самый вероятный токен.
settings-top-p = Top-p
settings-top-p-hint = Самые вероятные токены с такой суммой. 1 оставляет все.
settings-top-k = Top-k
settings-top-k-hint = Сколько самых вероятных токенов оставить. 0 оставляет все.
settings-seed = Зерно
settings-seed-hint = То же зерно даёт тот же ответ.
settings-seed-new = каждый раз новое
settings-expected-tokens = Нужно целое число от 1.
settings-expected-temperature = Нужно число от 0 до 4.
settings-expected-top-p = Нужно число больше 0 и не больше 1.
settings-expected-top-k = Нужно целое число от 0 (выключено) до 64.
settings-expected-seed = Нужно целое число или ничего, тогда зерно каждый раз новое.
settings-restore = Вернуть исходные
settings-restore-hint = Для промпта и чисел выше.

## Поиск

settings-search = Поиск
settings-search-hint = Много цепочек мыслей растут одним деревом, их ответы голосуют. Медленнее, а на простых вопросах часто не лучше.
settings-search-open = Настроить всё по отдельности
settings-search-on = Искать для каждого нового вопроса

## Данные

settings-data = Данные
settings-data-hint = Всё это остаётся в этом браузере: настройки, разговоры и скачанные модели. Никуда ничего не отправляется.
settings-data-models = Сохранённые модели
settings-chats-export = Сохранить все чаты
settings-chats-delete = Удалить все чаты
settings-chats-ask = { $count ->
    [one] Удалить { $count } чат навсегда?
    [few] Удалить все { $count } чата навсегда?
   *[many] Удалить все { $count } чатов навсегда?
}
settings-chats-keep = Оставить
settings-chats-none = Чатов нет.
settings-chats-deleted = Все чаты удалены.
settings-export = Сохранить настройки в файл
settings-import = Взять настройки из файла
settings-imported = Настройки из файла действуют.
settings-import-failed = Ничего не изменено. { $why }
settings-file-not-json = Это не файл настроек Polo: нужен JSON, сохранённый здесь.
settings-file-newer = Файл версии { $version }, а этот Polo читает до { $known }: возьмите Polo поновее.
settings-file-wrong = Какое-то значение в нём недопустимо: { $what }
