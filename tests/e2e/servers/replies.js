// Answers by script: each message brings its own. usage: node replies.js '{"option": value, ...}'
//
// A message is {"id": ID, "do": [[milliseconds, verb, argument], ...]}; the times count from its
// arrival. Verbs:
//
//   part          sends {"id": ID, "n": 1}, then 2 and so on; argument: bytes to pad it to
//   end           sends {"id": ID, "end": true}; argument: bytes to pad it to
//   text TEXT     sends TEXT, with the message's id in place of ID
//   gateway TEXT  sends an API Gateway error frame with that message
//   binary TEXT   sends a binary message
//   close CODE    closes with that code
//   drop          ends the TCP connection without a close frame
//   reset         resets it
//   repeat HOW    says what the handshake carried: as "text", "gateway" error or "close" reason
//   hold          waits until `hold` messages do so in the whole server, then sends the ends of all
//                 in the reverse of the order in which they came
//
// A message that is {"ping": ...} gets no answer; {"hello": ...} gets "welcome".
//
//   hold          see there
//   greeting      sent to each connection when it opens
//   greeting_ms   so many milliseconds later
//   heartbeat     [milliseconds, text]: sent to each connection each time so many have passed
//   close_after   milliseconds after which each connection is closed with 1001
//   refuse        [{status, headers, body, repeat}, ...]: handshakes are refused, with these in turn;
//                 repeat: the body says what the handshake carried, of which so many bytes come
//                 later than the rest
//   refusals      how many of them; not given: all
//   deflate       permessage-deflate, for every message
//
// Prints {"port": N} when it listens, and its counts on SIGUSR2 and, before it ends, on SIGTERM.
'use strict'

const { options, http, play, add, run } = require('./counterpart')
const { WebSocketServer } = require('ws')

const KEPT = 20000
const counts = {
  connections: 0,
  most_open: 0, // at one time
  messages: 0, // received
  received_bytes: 0,
  sent: 0, // messages
  sent_bytes: 0,
  pings: 0, // messages that are keep-alives
  most_held: 0, // at one time
  refused: 0,
  closes: {}, // close codes as the server saw them: how often
  extensions: {}, // that a connection agreed on: connections
  texts: [], // the first messages
  requests: [] // the first handshakes: url, headers
}
const held = []

function send (socket, text, binary = false) {
  if (socket.readyState !== socket.OPEN) return
  socket.send(text, { binary })
  counts.sent++
  counts.sent_bytes += Buffer.byteLength(text)
}

// OBJECT as JSON of BYTES, or of what it needs.
function padded (object, bytes = 0) {
  const bare = JSON.stringify(object)
  const missing = bytes - bare.length - ',"pad":""'.length
  return missing < 0 ? bare : JSON.stringify({ ...object, pad: 'x'.repeat(missing) })
}

// What a handshake carried, the query as it was sent and decoded.
function carried ({ url, headers }) {
  const query = url.slice(url.indexOf('?') + 1)
  const names = ['authorization', 'x-api-key', 'x-secret', 'x-amz-security-token']
  return [...names.map(name => headers[name] || ''), query, decodeURIComponent(query)].join(' ').trim()
}

const REPEAT = {
  text: (socket, text) => send(socket, text),
  gateway: (socket, text) => VERBS.gateway({ socket }, text),
  close: (socket, text) => socket.close(1008, text.slice(0, 100))
}

function release () {
  counts.most_held = held.length
  if (held.length < options.hold) return
  while (held.length > 0) {
    const { socket, id } = held.pop()
    send(socket, padded({ id, end: true }))
  }
}

const VERBS = {
  part: (request, bytes) => send(request.socket, padded({ id: request.id, n: ++request.n }, bytes)),
  end: ({ socket, id }, bytes) => send(socket, padded({ id, end: true }, bytes)),
  text: ({ socket, id }, text) => send(socket, text.replaceAll('ID', id)),
  gateway: ({ socket }, message) => send(socket, JSON.stringify({
    message, connectionId: 'Qyi07eCbtjMCJKw=', requestId: 'Qyi3UG41tjMFlUg='
  })),
  binary: ({ socket }, text) => send(socket, text, true),
  close: ({ socket }, code) => socket.close(code),
  drop: ({ socket }) => socket._socket.end(),
  reset: ({ socket }) => socket._socket.resetAndDestroy(),
  repeat: ({ socket }, how) => REPEAT[how](socket, carried(socket.handshake)),
  hold: request => {
    held.push(request)
    release()
  }
}

function onMessage (socket, data) {
  const start = process.hrtime.bigint()
  const text = data.toString()
  counts.messages++
  counts.received_bytes += data.length
  if (counts.texts.length < KEPT) counts.texts.push(text)
  const message = JSON.parse(text)
  if ('ping' in message) {
    counts.pings++
    return
  }
  if ('hello' in message) {
    send(socket, 'welcome')
    return
  }
  const request = { socket, id: message.id, n: 0 }
  play(start, message.do.map(([ms, verb, argument]) => [ms, () => VERBS[verb](request, argument)]))
}

function beat (socket, ms, text) {
  const timer = setInterval(() => send(socket, text), ms)
  socket.on('close', () => clearInterval(timer))
}

function onConnection (socket, request) {
  counts.connections++
  socket.handshake = request
  counts.most_open = Math.max(counts.most_open, sockets.clients.size)
  add(counts.extensions, socket.extensions)
  if (counts.requests.length < KEPT) {
    counts.requests.push({ url: request.url, headers: request.headers })
  }
  socket.on('message', data => onMessage(socket, data))
  socket.on('close', code => add(counts.closes, code))
  socket.on('error', () => {})
  if (options.greeting_ms) setTimeout(() => send(socket, options.greeting), options.greeting_ms)
  else if (options.greeting) send(socket, options.greeting)
  if (options.heartbeat) beat(socket, ...options.heartbeat)
  if (options.close_after) setTimeout(() => socket.close(1001, 'Going away'), options.close_after)
}

function refuse (stream, request, { status, headers = {}, body = '', repeat }) {
  if (repeat !== undefined) body = carried(request)
  const lines = Object.entries({ ...headers, 'Content-Length': Buffer.byteLength(body) })
    .map(([name, value]) => `${name}: ${value}\r\n`)
  const answer = `HTTP/1.1 ${status} ${http.STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`
  const first = answer.length - (repeat || 0)
  stream.write(answer.slice(0, first))
  setTimeout(() => stream.end(answer.slice(first)), repeat ? 100 : 0)
}

const server = http.createServer()
const sockets = new WebSocketServer({
  noServer: true,
  perMessageDeflate: options.deflate ? { threshold: 0 } : false,
  maxPayload: 1 << 24
})
server.on('upgrade', (request, stream, head) => {
  if (!options.refuse || counts.refused === options.refusals) {
    sockets.handleUpgrade(request, stream, head, socket => onConnection(socket, request))
    return
  }
  if (counts.requests.length < KEPT) {
    counts.requests.push({ url: request.url, headers: request.headers })
  }
  stream.on('error', () => {})
  refuse(stream, request, options.refuse[counts.refused++ % options.refuse.length])
})
run(server, sockets, counts)
