// Signs with npm aws4, for test_sigv4.py: a JSON array of {region, service, access_key, secret_key,
// session_token, host, path, date, in_query} on standard input; on standard output an array of the
// signed path, or of the Authorization header.
'use strict'

const aws4 = require('aws4')

function sign (task) {
  const headers = { Host: task.host }
  if (!task.in_query) headers['X-Amz-Date'] = task.date
  const request = aws4.sign(
    { ...task, headers, signQuery: task.in_query },
    {
      accessKeyId: task.access_key,
      secretAccessKey: task.secret_key,
      sessionToken: task.session_token
    }
  )
  return task.in_query ? request.path : request.headers.Authorization
}

const tasks = JSON.parse(require('fs').readFileSync(0, 'utf8'))
process.stdout.write(JSON.stringify(tasks.map(sign)))
