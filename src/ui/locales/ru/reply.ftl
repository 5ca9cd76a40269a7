### Вопросы и ответы.

reply-waiting = Жду модель…
reply-reading = Читаю…
reply-thinking = Думаю… { $count ->
    [one] { $count } токен
    [few] { $count } токена
   *[many] { $count } токенов
}
reply-thought = Мысль: { $count ->
    [one] { $count } токен
    [few] { $count } токена
   *[many] { $count } токенов
}
reply-thought-timed = Мысль: { $count ->
    [one] { $count } токен
    [few] { $count } токена
   *[many] { $count } токенов
}, { $time }
reply-tokens = { $count ->
    [one] { $count } токен
    [few] { $count } токена
   *[many] { $count } токенов
}
reply-speed = { $speed } токенов/с
reply-first-after = первый через { $time }
reply-context-left = в контексте осталось { $count }
reply-seed = Зерно { $seed }
reply-copy = Копировать
reply-copied = Скопировано
reply-not-allowed = Не разрешено
reply-regenerate = Ответить заново
reply-go-on = Продолжить
reply-go-on-with = Чтобы продолжить, выберите модель { $name }.
reply-open-search = Открыть поиск
reply-stopped = Остановлено
reply-finished = Ответ готов, { $count ->
    [one] { $count } токен
    [few] { $count } токена
   *[many] { $count } токенов
}
reply-search-finished = Поиск окончен, ответ { $answer }
reply-search-finished-without = Поиск окончен без ответа
reply-comparison-finished = Сравнение окончено
reply-ended-stopped = Остановлено.
reply-ended-length = Оборвано: достигнута наибольшая длина ответа. Её можно увеличить в настройках.
reply-ended-context = Контекст заполнен. Чтобы продолжить, начните новый чат.
reply-ended-failed = Оборвано из-за ошибки.
reply-ended-interrupted = Прервано: страница была закрыта или чат был покинут посреди ответа.
reply-to-end = В конец
reply-edit = Изменить вопрос
reply-edit-text = Вопрос
reply-edit-note = Прежний ответ останется веткой рядом с новым.
reply-edit-save = Спросить
reply-edit-cancel = Отмена
reply-question-branch = Варианты вопроса
reply-reply-branch = Ответы на этот вопрос
reply-branch-before = Предыдущий
reply-branch-after = Следующий
reply-branch-place = { $number } / { $count }
