// A backend that talks as assistants do. usage: node assistant.js '{"option": value, ...}'
//
//   greetings   [[milliseconds, text], ...] after a connection opens
//   keepalive   [milliseconds, text]: sent again and again on each connection
//   first_ms    from a message to the first of its reply
//   gap_ms      between messages of a reply
//   before      [text, ...]: the beginning of each reply
//   part        text of those that follow
//   parts       [least, most]: how many, in turn
//   end         [text, ...]: the end of each reply
//   close       a code: closes after the reply
//   close_at_once  with that, right after a connection opens
//   fail_on     a message with this text is answered with `failure` alone
//   failure     see there
//   silent      answers nothing; or a text: a message with it is not answered
//
// In texts ID is the member request_id of the message that is answered, TOKEN a word, NUMBER a
// number that grows, PROMPT the message.
//
// Prints {"port": N} when it listens, and its counts on SIGUSR2 and, before it ends, on SIGTERM.
'use strict'

const { options, http, play, add, run } = require('./counterpart')
const { WebSocketServer } = require('ws')

const counts = { connections: 0, messages: 0, sent: 0, closes: {}, texts: [] }
const WORDS = ['It ', 'left ', 'our ', 'house ', 'on ', 'Monday', '. ']
let number = 0

function fill (text, id, prompt) {
  number++
  return text.replaceAll('ID', id).replaceAll('TOKEN', WORDS[number % WORDS.length])
    .replaceAll('NUMBER', 1000 + number).replaceAll('PROMPT', () => prompt)
}

function idOf (text) {
  try {
    return JSON.parse(text).request_id || ''
  } catch {
    return ''
  }
}

function repliesTo (text) {
  if (options.fail_on && text.includes(options.fail_on)) return [options.failure]
  const [least, most] = options.parts || [0, 0]
  const parts = Array(least + counts.messages % (most - least + 1)).fill(options.part)
  return [...(options.before || []), ...parts, ...(options.end || [])]
}

function onMessage (socket, send, data) {
  const start = process.hrtime.bigint()
  const text = data.toString()
  counts.messages++
  counts.texts.push(text)
  if (options.silent === true || (options.silent && text.includes(options.silent))) return
  const id = idOf(text)
  const steps = repliesTo(text).map((reply, i) =>
    [(options.first_ms || 0) + i * (options.gap_ms || 0), () => send(fill(reply, id, text))])
  if (options.close) steps.push([steps[steps.length - 1][0], () => socket.close(options.close)])
  play(start, steps)
}

function onConnection (socket) {
  function send (text) {
    if (socket.readyState !== socket.OPEN) return
    socket.send(text)
    counts.sent++
  }
  counts.connections++
  socket.on('error', () => {})
  socket.on('message', data => onMessage(socket, send, data))
  const [every, text] = options.keepalive || []
  const timer = every && setInterval(() => send(fill(text, '', '')), every)
  socket.on('close', code => {
    clearInterval(timer)
    add(counts.closes, code)
  })
  if (options.close_at_once) socket.close(options.close)
  play(process.hrtime.bigint(),
    (options.greetings || []).map(([ms, text]) => [ms, () => send(fill(text, '', ''))]))
}

const server = http.createServer()
const sockets = new WebSocketServer({ server })
sockets.on('connection', onConnection)
run(server, sockets, counts)
