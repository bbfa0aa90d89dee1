// A constant rate over held connections, as near as k6 comes to it: each virtual user has one
// socket and sends what is due at every tick of its timer. It takes the three times of each message
// that wsload takes, on k6's clock of whole milliseconds. For bench/run.sh.
import { Counter, Trend } from 'k6/metrics';
import { WebSocket } from 'k6/websockets';

const connections = Number(__ENV.CONNECTIONS);
const seconds = Number(__ENV.SECONDS);
const intervalMs = (1000 * connections) / Number(__ENV.RATE); // between messages of one socket

const sendLag = new Trend('send_lag'); // due to sent
const latency = new Trend('latency'); // sent to done
const responseTime = new Trend('response_time'); // due to done
const echoed = new Counter('echoed');

export const options = {
  scenarios: {
    paced: {
      executor: 'per-vu-iterations',
      vus: connections,
      iterations: 1,
      maxDuration: `${seconds + 30}s`,
    },
  },
  summaryTrendStats: ['med', 'p(99)'],
};

export default function () {
  const socket = new WebSocket(__ENV.URL);
  const sentAt = [];
  let start = 0;
  let received = 0;
  const dueAt = (index) => start + index * intervalMs;
  socket.onmessage = () => {
    const now = Date.now();
    latency.add(now - sentAt[received]);
    responseTime.add(now - dueAt(received));
    received++;
  };
  socket.onopen = () => {
    start = Date.now();
    const timer = setInterval(() => {
      const now = Date.now();
      if (now - start >= seconds * 1000) {
        clearInterval(timer);
        echoed.add(received);
        socket.close();
        return;
      }
      while (dueAt(sentAt.length) <= now) {
        sendLag.add(now - dueAt(sentAt.length));
        sentAt.push(now);
        socket.send(__ENV.MESSAGE);
      }
    }, intervalMs);
  };
}

export function handleSummary(data) {
  return { [__ENV.SUMMARY]: JSON.stringify(data) };
}
