// Echo server on ws that compresses every message. usage: node deflate_echo.js '{"option": value, ...}'
//
//   takeover      false: each message is compressed afresh
//   fragment      bytes of each message that are sent at a time, in a frame of their own
//
// A message "empty" is answered with an empty one.
// Prints {"port": N} when it listens, and its counts on SIGUSR2 and, before it ends, on SIGTERM.
'use strict'

const { options, http, add, run } = require('./counterpart')
const { WebSocketServer } = require('ws')

const counts = { messages: 0, extensions: {} } // as answered: how often

function echo (socket, text) {
  const step = options.fragment || text.length
  let at = 0
  do {
    const fin = at + step >= text.length
    socket.send(text.subarray(at, at + step), { binary: false, fin })
    at += step
  } while (at < text.length)
}

const server = http.createServer()
const sockets = new WebSocketServer({
  server,
  maxPayload: 1 << 24,
  perMessageDeflate: { threshold: 0, serverNoContextTakeover: options.takeover === false }
})
sockets.on('headers', headers => {
  add(counts.extensions, headers.find(line => line.startsWith('Sec-WebSocket-Extensions: ')))
})
sockets.on('connection', socket => {
  socket.on('message', text => {
    counts.messages++
    echo(socket, text.toString() === 'empty' ? Buffer.alloc(0) : text)
  })
  socket.on('error', () => {})
})
run(server, sockets, counts)
