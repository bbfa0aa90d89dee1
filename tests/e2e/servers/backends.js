// Nine chat backends, each as its table row says (docs/BACKENDS.md). usage: node backends.js
// '{"backend": NAME, "messages": N, "first_ms": D, "gap_ms": G}'
//
//   backend    a name of BACKENDS below
//   messages   in a reply, the one that ends it included; backends of one message take no notice
//   first_ms   from the prompt to the first message of its reply
//   gap_ms     from there to the next, and so on
//
// A prompt with FAIL in it meets the backend's error, one with HANG gets the first half of a reply.
// Prints {"port": N} when it listens, and its counts on SIGUSR2 and, before it ends, on SIGTERM.
'use strict'

const { options, http, play, add, run } = require('./counterpart')
const { WebSocketServer } = require('ws')

const KEPT = 5000
const counts = {
  connections: 0,
  messages: 0, // received
  malformed: 0, // that the backend would not understand
  prompts: 0, // taken, and answered or failed or left hanging
  parts: 0, // of prompts that came in several messages
  failed: 0, // prompts that met an error
  replies: 0, // messages sent that are part of a reply
  others: 0, // messages sent that are part of none
  errors: 0, // messages sent that tell an error
  sent_bytes: 0,
  received_bytes: 0,
  closes: {}, // close codes as the server saw them: how often
  texts: [], // the prompts
  requests: [] // the first handshakes: url, origin
}

const gatewayError = message => JSON.stringify({
  message, connectionId: 'Qyi07eCbtjMCJKw=', requestId: 'Qyi3UG41tjMFlUg='
})

const json = JSON.stringify
const routed = (message, action) => message.action === action

// take(message, socket): the prompt, {text, ...}; null for a step on the way to it; undefined when
// it is not understood. token and end make the messages of a reply, one the only message of it.
// before, between and after are no part of the reply. error: all messages of a failure.
const BACKENDS = {
  'mcn-load-test': {
    take: (message, socket) => socket.asked ? undefined : { text: message.message },
    one: ({ text }) => json({ message: text, intent: 'echo', type: 'answer' }),
    error: () => [json({
      message: counts.failed % 2
        ? 'Une erreur est survenue, veuillez réessayer.'
        : 'Nous rencontrons un trafic intense, veuillez patienter.',
      intent: 'error'
    })]
  },
  'bedrock-chat': {
    take: takeParts,
    token: () => json({ status: 'STREAMING', completion: 'tok' }),
    end: () => json({ status: 'STREAMING_END', completion: '', stop_reason: 'end_turn' }),
    after: () => 'Message sent.',
    error: () => [json({ status: 'ERROR', reason: 'Something went wrong' })]
  },
  'genai-application-builder': {
    take: message => routed(message, 'sendMessage') ? { text: message.question } : undefined,
    before: () => json({ data: '##PROCESSING##', conversationId: 'c1' }),
    token: () => json({ data: 'tok', conversationId: 'c1' }),
    between: () => json({ data: '##KEEP_ALIVE##', conversationId: 'c1' }),
    end: () => json({ data: '##END_CONVERSATION##', conversationId: 'c1' }),
    error: () => [
      json({ errorMessage: 'Chat service failed to respond.', traceId: 'Root=1-5' }),
      json({ data: '##END_CONVERSATION##', conversationId: 'c1' })
    ]
  },
  'serverless-patterns': {
    take: message => routed(message, 'invokeModel') ? { text: message.prompt } : undefined,
    token: () => 'tok',
    end: () => '<End of LLM response>',
    error: () => ['An error occurred while the model was invoked']
  },
  'serverless-patterns-rust': {
    take: message => ({ text: message.storyType }),
    token: () => json({ type: 'text', message: 'tok' }),
    end: () => json({ type: 'text', message: 'tok' }),
    error: () => []
  },
  'genai-llm-chatbot': {
    take: (message, socket) => routed(message, 'run') && socket.token
      ? { text: message.data?.text, id: message.data?.sessionId }
      : undefined,
    token: ({ id }) => json({ action: 'llm_new_token', data: { sessionId: id, token: 'tok' } }),
    end: ({ id }) => json({ action: 'final_response', data: { sessionId: id, content: 'toktok' } }),
    after: ({ id }) => json({ action: 'llm_new_token', data: { sessionId: id, token: 'tok' } }),
    error: ({ id }) => [json({ action: 'error', data: { sessionId: id, content: 'no model' } })]
  },
  'korean-chatbot': {
    take: message => message.type === 'text'
      ? { text: message.body, id: message.request_id }
      : undefined,
    token: ({ id }) => json({ request_id: id, msg: 'tok', status: 'proceeding' }),
    end: ({ id }) => json({ request_id: id, msg: 'toktok', status: 'completed' }),
    error: ({ id }) => [json({ request_id: id, msg: 'no model', status: 'error' })]
  },
  'amazon-bedrock-websocket': {
    take: message => routed(message, 'send') ? { text: message.data } : undefined,
    token: () => json({ message: { completion: 'tok', stop_reason: null } }),
    end: () => json({ message: { completion: '', stop_reason: 'stop_sequence' } }),
    error: () => []
  },
  'simple-chat': {
    take: message => routed(message, 'sendmessage') ? { text: message.data } : undefined,
    one: ({ text }) => text,
    everyone: true,
    error: () => [gatewayError('Internal server error')]
  }
}

const backend = BACKENDS[options.backend]

// bedrock-chat: START, the parts of a JSON document or of plain text by their index, END.
function takeParts (message, socket) {
  if (message.step === 'START') {
    socket.parts = []
    socket.send('Session started.')
    return null
  }
  if (!socket.parts) return undefined
  if (message.step === 'BODY') {
    socket.parts[message.index] = message.part
    counts.parts++
    socket.send('Message part received.')
    return null
  }
  if (message.step !== 'END') return undefined
  const text = socket.parts.join('')
  socket.parts = null
  return { text }
}

function send (socket, text, kind) {
  const receivers = backend.everyone && kind === 'replies' ? sockets.clients : [socket]
  for (const receiver of receivers) {
    if (receiver.readyState !== receiver.OPEN) continue
    receiver.send(text)
    counts[kind]++
    counts.sent_bytes += Buffer.byteLength(text)
  }
}

// The messages to PROMPT as [milliseconds, text, kind].
function answer (prompt) {
  const { first_ms: first = 0, gap_ms: gap = 0 } = options
  const messages = backend.one ? 1 : options.messages
  const lines = []
  if (prompt.text.includes('FAIL')) {
    counts.failed++
    return backend.error(prompt).map(text => [first, text, 'errors'])
  }
  if (backend.before) lines.push([0, backend.before(prompt), 'others'])
  for (let n = 0; n < messages; n++) {
    const make = backend.one || (n === messages - 1 ? backend.end : backend.token)
    lines.push([first + n * gap, make(prompt), 'replies'])
    if (n === 0 && backend.between) lines.push([first + gap / 2, backend.between(prompt), 'others'])
  }
  if (prompt.text.includes('HANG')) return lines.slice(0, lines.length >> 1)
  if (backend.after) lines.push([first + (messages - 0.5) * gap, backend.after(prompt), 'others'])
  return lines
}

function parse (text) {
  try {
    return JSON.parse(text) ?? {}
  } catch {
    return {}
  }
}

function onMessage (socket, data, isBinary) {
  const start = process.hrtime.bigint()
  counts.messages++
  counts.received_bytes += data.length
  const prompt = isBinary ? undefined : backend.take(parse(data.toString()), socket)
  if (prompt === null) return
  if (prompt === undefined || typeof prompt.text !== 'string') {
    counts.malformed++
    socket.send(gatewayError('Forbidden'))
    return
  }
  socket.asked = true
  counts.prompts++
  if (counts.texts.length < KEPT) counts.texts.push(prompt.text)
  play(start, answer(prompt).map(([ms, text, kind]) => [ms, () => send(socket, text, kind)]))
}

const server = http.createServer()
const sockets = new WebSocketServer({ server, perMessageDeflate: true })
sockets.on('connection', (socket, request) => {
  counts.connections++
  socket.token = new URL(request.url, 'ws://localhost').searchParams.get('token')
  if (counts.requests.length < KEPT) {
    counts.requests.push({ url: request.url, origin: request.headers.origin })
  }
  socket.on('message', (data, isBinary) => onMessage(socket, data, isBinary))
  socket.on('close', code => add(counts.closes, code))
  socket.on('error', () => {})
})
run(server, sockets, counts)
