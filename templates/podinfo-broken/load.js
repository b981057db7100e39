// One iteration is one customer who pays. envd decides how many of them come: rate, ramps and virtual users are the
// profile's, so this script has no scenarios of its own.
import http from 'k6/http';
import { check } from 'k6';

const url = 'http://podinfo.example.com:9898/echo';
const params = { headers: { 'Content-Type': 'application/json' } };

export default function () {
  const res = http.post(url, JSON.stringify({ amount: 100 + (__ITER % 900) }), params);
  check(res, {
    'answers': (r) => r.status === 200,
    // While the dependency is slow or down podinfo still answers, but says that the payment did not go through.
    'payment accepted': (r) => r.status === 200 && r.body.includes('accepted'),
  });
}
