// aws-lambda-ws-server: API Gateway's routes on this machine. MAPPING_KEY=action, PORT=0.
//
// Route "sendmessage" answers {"message": data, "id": connection id}; "boom" throws, which the
// server answers with an API Gateway error frame; any other goes to $default, which keeps silent.
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

const counts = { connections: 0, disconnections: 0, routes: {}, texts: [] }
console.error = () => {} // it logs what "boom" throws

function print (value) {
  fs.writeSync(1, JSON.stringify(value) + '\n')
}

function count (route, event) {
  counts.routes[route] = (counts.routes[route] || 0) + 1
  counts.texts.push(event.body)
}

gateway(gateway.handler({
  async connect () {
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
