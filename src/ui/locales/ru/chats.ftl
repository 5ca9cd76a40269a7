### Список чатов и то, как они хранятся.

chats-title = Чаты
chats-close = Закрыть список чатов
chats-search = Поиск по чатам
chats-conversation = Разговор
chats-you = Вы
chats-today = Сегодня
chats-yesterday = Вчера
chats-week = За последние 7 дней
chats-month = За последние 30 дней
chats-older = Раньше
chats-none = Чатов пока нет. Ваши вопросы хранятся здесь, только в этом браузере.
chats-none-found = Ничего не найдено.
chats-untitled = Без названия
chats-rename = Переименовать «{ $title }»
chats-rename-short = Переименовать
chats-title-of = Название чата «{ $title }»
chats-export = Сохранить «{ $title }» в файл
chats-export-short = Сохранить в файл
chats-delete = Удалить «{ $title }»
chats-delete-short = Удалить
chats-deleted = Чат «{ $title }» удалён.
chats-undo = Вернуть
chats-restored = Чат «{ $title }» возвращён.
chats-copy = Скопировать в Markdown
chats-copied = Чат скопирован.
chats-export-all = Сохранить все
chats-import = Импорт
chats-imported = { $count ->
    [one] Добавлен { $count } чат.
    [few] Добавлено { $count } чата.
   *[many] Добавлено { $count } чатов.
}
chats-found = { $count ->
    [0] Ничего не найдено.
    [one] Найден { $count } чат.
    [few] Найдено { $count } чата.
   *[many] Найдено { $count } чатов.
}
chats-bad-file = В файле «{ $name }» нет чатов, которые Polo может прочитать. Ничего не изменилось. Выберите файл, сохранённый в Polo.
chats-dismiss = Закрыть
chats-opened = Чат «{ $title }»
chats-full = Хранилище браузера заполнено
chats-failed = Не удалось сохранить чат
chats-full-advice = Всё написанное с этого момента есть только в этой вкладке и пропадёт, когда она закроется. Сохраните это в файл или удалите чаты или модели, которые больше не нужны.
chats-try-again = Повторить
chats-nothing = Этот браузер не хранит чаты
chats-nothing-advice = Всё работает, но чаты пропадут, когда вкладка закроется. Возможно, это приватное окно или хранение для этой страницы отключено.
chats-little-room = Место в хранилище браузера заканчивается
chats-little-room-advice = Для чатов и моделей осталось { $free }. Пока всё сохраняется, запишите чаты в файл или удалите чаты и модели, которые больше не нужны.
