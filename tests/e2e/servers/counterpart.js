// What the node servers of these tests share: options, counts, and answers at an exact time.
'use strict'

const fs = require('fs')
const http = require('http')

const options = JSON.parse(process.argv[2] || '{}')

function print (value) {
  fs.writeSync(1, JSON.stringify(value) + '\n')
}

// Timers are a millisecond coarse and may be early: sleep short of the time, then turn the loop.
function at (due, action) {
  const left = Number(due - process.hrtime.bigint()) / 1e6
  if (left <= 0) action()
  else if (left > 2) setTimeout(() => at(due, action), left - 2)
  else setImmediate(() => at(due, action))
}

// Does each of STEPS, [milliseconds from START, action], in their order. Each is due from the
// start, so that a late one makes no other late.
function play (start, steps) {
  if (steps.length === 0) return
  const [[milliseconds, action], ...others] = steps
  at(start + BigInt(Math.round(milliseconds * 1e6)), () => {
    action()
    play(start, others)
  })
}

function add (table, name) {
  table[name] = (table[name] || 0) + 1
}

// Prints {"port": N} when SERVER listens, at 127.0.0.1 unless the options name another host, and
// COUNTS on SIGUSR2 and, before it ends, on SIGTERM.
function run (server, sockets, counts) {
  // Closes that the clients have sent already are still counted.
  function end (patience) {
    if (sockets.clients.size > 0 && patience > 0) {
      setTimeout(() => end(patience - 1), 10)
      return
    }
    print(counts)
    process.exit(0)
  }
  process.on('SIGUSR2', () => print(counts))
  process.on('SIGTERM', () => end(50))
  server.listen({ port: 0, host: options.host || '127.0.0.1', backlog: 4096 },
    () => print({ port: server.address().port }))
}

module.exports = { options, http, at, play, add, run }
