### chats
