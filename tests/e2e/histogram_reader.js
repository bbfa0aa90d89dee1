// Reads histograms with npm hdr-histogram-js, for test_histograms.py: {codes: [[BASE64, [PERCENT,
// ...]], ...], log} on standard input; on standard output what it makes of each code, and of each
// interval of the log.
'use strict'

const hdr = require('hdr-histogram-js')

const BITS = 64 // of a count

const task = JSON.parse(require('fs').readFileSync(0, 'utf8'))

function describe (histogram, percents) {
  return {
    count: histogram.totalCount,
    min: histogram.getValueAtPercentile(0),
    max: histogram.maxValue,
    start_ms: histogram.startTimeStampMsec,
    end_ms: histogram.endTimeStampMsec,
    values: percents.map(percent => histogram.getValueAtPercentile(percent))
  }
}

function intervals () {
  const reader = new hdr.HistogramLogReader(task.log, BITS)
  const found = []
  for (let next; (next = reader.nextIntervalHistogram());) found.push(describe(next, [50, 90]))
  return found
}

const codes = task.codes.map(([code, percents]) =>
  describe(hdr.decodeFromCompressedBase64(code, BITS), percents))
process.stdout.write(JSON.stringify({ codes, intervals: intervals() }))
