// aws-lambda-ws-server: API Gateway's routes on this machine. MAPPING_KEY=action, PORT=0.
//
// Route "sendmessage" answers {"message": data, "id": connection id}; "boom" throws, which the
// server answers with an API Gateway error frame; "stream" answers with `tokens` messages and an
// end; "stumble" does, and throws after half of them; any other goes to $default, which keeps
// silent.
//
//   token    $connect lets in only who has it in the query, and else answers 401
//
// Prints {"port": N} when it listens, and its counts on SIGUSR2 and, before it ends, on SIGTERM.
'use strict'

const fs = require('fs')
const net = require('net')

// The package listens on every address; this machine's own is enough.
const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (port) {
  return listen.call(this, Number(port), '127.0.0.1')
}
const gateway = require('aws-lambda-ws-server')

const options = JSON.parse(process.argv[2] || '{}')
const counts = { connections: 0, disconnections: 0, routes: {}, texts: [] }
console.error = () => {} // it logs what "boom" throws

function print (value) {
  fs.writeSync(1, JSON.stringify(value) + '\n')
}

function count (route, event) {
  counts.routes[route] = (counts.routes[route] || 0) + 1
  counts.texts.push(event.body)
}

// Tokens of requests that are under way together are mixed.
async function stream ({ message, id, context }, length) {
  for (let n = 0; n < length; n++) {
    await context.postToConnection({ id: message.id, status: 'token', token: `${n} ` }, id)
    await new Promise(resolve => setImmediate(resolve))
  }
}

gateway(gateway.handler({
  async connect ({ event }) {
    const { token: [token] = [] } = event.multiValueQueryStringParameters || {}
    if (token !== options.token) return { statusCode: 401 }
    counts.connections++
    return { statusCode: 200 }
  },
  async disconnect () {
    counts.disconnections++
    return { statusCode: 200 }
  },
  async sendmessage ({ message, id, event, context }) {
    count('sendmessage', event)
    await context.postToConnection({ message: message.data, id }, id)
    return { statusCode: 200 }
  },
  async stream (request) {
    count('stream', request.event)
    await stream(request, request.message.tokens)
    await request.context.postToConnection(
      { id: request.message.id, status: 'completed' }, request.id)
    return { statusCode: 200 }
  },
  async stumble (request) {
    count('stumble', request.event)
    await stream(request, request.message.tokens / 2)
    throw new Error('stumbled')
  },
  async boom ({ event }) {
    count('boom', event)
    throw new Error('boom')
  },
  async default ({ event }) {
    count('$default', event)
    return { statusCode: 200 }
  }
}))

const server = gateway.server
process.on('SIGUSR2', () => print(counts))
process.on('SIGTERM', () => {
  print(counts)
  process.exit(0)
})
if (server.listening) print({ port: server.address().port })
else server.on('listening', () => print({ port: server.address().port }))
