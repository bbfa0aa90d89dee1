// Echo server on node's ws. usage: node ws_echo.js '{"option": value, ...}'
//
//   delay_ms       answers exactly that long after the message
//   reply          answers with this text in place of the message
//   error_every    every Nth message of the server is answered with error_reply
//   never_reply    keeps silent
//   close_after    closes each connection after its Nth reply, with close_code and close_reason
//   close_every    closes every Nth connection close_ms after it opened, with close_code
//   drop_at        breaks off all connections at the Nth message of the server
//   die_at         ends without a word at the Nth message of the server
//   freeze_at      reads and answers nothing for freeze_ms at the Nth message of the server
//   open_at_most   refuses a handshake with 503 when as many connections are open
//   host           listens there in place of 127.0.0.1
//   cert, key      TLS; with client_ca a client needs a certificate of that authority
//
// Prints {"port": N} when it listens, and its counts on SIGUSR2 and, before it ends, on SIGTERM.
'use strict'

const fs = require('fs')
const https = require('https')
const { options, http, at, add, run } = require('./counterpart')
const { WebSocketServer } = require('ws')

const KEPT = 5000
const counts = {
  connections: 0, // upgraded
  most_open: 0, // at one time
  messages: 0,
  replies: 0,
  most_waiting: 0, // messages without a reply at one time
  dropped: 0, // connections that drop_at broke off
  binary: 0, // messages that were not text
  closes: {}, // close codes as the server saw them: how often
  peers: {}, // addresses of clients: connections from there
  sessions: {}, // TLS version, cipher and whether it was resumed: connections
  texts: [], // the first messages
  requests: [] // the first handshakes: url, headers, TLS server name
}

function answerFor (text) {
  if (options.error_every && counts.messages % options.error_every === 0) return options.error_reply
  return options.reply === undefined ? text : options.reply
}

function breakIn () {
  if (counts.messages === options.drop_at) {
    counts.dropped = sockets.clients.size
    for (const socket of sockets.clients) socket.terminate()
  }
  if (counts.messages === options.die_at) process.exit()
  if (counts.messages === options.freeze_at) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, options.freeze_ms)
  }
}

// Timers may overtake each other, but answers must not: those before ENTRY were due before it.
function answerUpTo (entry, socket, state) {
  while (state.waiting.includes(entry)) {
    const { answer } = state.waiting.shift()
    if (socket.readyState !== socket.OPEN) return
    counts.replies++
    socket.send(answer)
    if (++state.replies === options.close_after) {
      socket.close(options.close_code || 1001, options.close_reason || '')
    }
  }
}

function onMessage (socket, state, data, isBinary) {
  const due = process.hrtime.bigint() + BigInt(Math.round((options.delay_ms || 0) * 1e6))
  const text = data.toString()
  counts.messages++
  if (isBinary) counts.binary++
  if (counts.texts.length < KEPT) counts.texts.push(text)
  counts.most_waiting = Math.max(counts.most_waiting, counts.messages - counts.replies)
  breakIn()
  if (options.never_reply) return
  const entry = { answer: answerFor(text) }
  state.waiting.push(entry)
  at(due, () => answerUpTo(entry, socket, state))
}

function describe (stream) {
  const session = stream.isSessionReused() ? 'resumed' : 'new'
  return `${stream.getProtocol()} ${stream.getCipher().name} ${session}`
}

function onConnection (socket, request) {
  const state = { replies: 0, waiting: [] }
  counts.connections++
  add(counts.peers, request.socket.remoteAddress)
  if (options.cert) add(counts.sessions, describe(request.socket))
  if (options.close_every && counts.connections % options.close_every === 0) {
    setTimeout(() => socket.close(options.close_code || 1001), options.close_ms)
  }
  counts.most_open = Math.max(counts.most_open, sockets.clients.size)
  if (counts.requests.length < KEPT) {
    counts.requests.push({
      url: request.url,
      headers: request.headers,
      servername: request.socket.servername || '',
      family: request.socket.remoteFamily
    })
  }
  socket.on('message', (data, isBinary) => onMessage(socket, state, data, isBinary))
  socket.on('close', code => add(counts.closes, code))
  socket.on('error', () => {})
}

function listener () {
  if (!options.cert) return http.createServer()
  return https.createServer({
    cert: fs.readFileSync(options.cert),
    key: fs.readFileSync(options.key),
    ca: options.client_ca && fs.readFileSync(options.client_ca),
    requestCert: Boolean(options.client_ca),
    rejectUnauthorized: Boolean(options.client_ca)
  })
}

const server = listener()
const sockets = new WebSocketServer({
  server,
  perMessageDeflate: true,
  maxPayload: 1 << 24,
  verifyClient: (info, done) => {
    done(!options.open_at_most || sockets.clients.size < options.open_at_most, 503)
  }
})
sockets.on('connection', onConnection)
run(server, sockets, counts)
