### reply
