// Drives a server with wiremock-captain, unchanged from npm. Usage: node captain.js BASE_URL
'use strict';
const assert = require('node:assert/strict');
const { WireMock, MatchingAttributes, BodyType, EndpointFeature } = require('wiremock-captain');

(async () => {
  const base = process.argv[2];
  const mock = new WireMock(base);
  await mock.clearAll();

  const stub = await mock.register(
    { method: 'POST', endpoint: '/orders', body: { id: 7, tags: ['b', 'a'] }, headers: { 'X-Tenant': 'acme' }, queryParameters: { dry: 'true' },
      metadata: { team: 'checkout' } },
    { status: 201, body: { ok: true }, headers: { 'X-Answer': 'yes' } },
    { requestEndpointFeature: EndpointFeature.UrlPath, requestBodyFeature: MatchingAttributes.EqualToJson, requestIgnoreArrayOrder: true, responseBodyType: BodyType.Default });
  assert.ok(stub.id);
  assert.equal((await mock.getMapping(stub.id)).id, stub.id);
  assert.equal((await mock.getAllMappings()).length, 1);

  const hit = await fetch(base + '/orders?dry=true', { method: 'POST', headers: { 'X-Tenant': 'acme' }, body: '{"tags":["a","b"],"id":7}' });
  assert.equal(hit.status, 201);
  assert.equal(hit.headers.get('x-answer'), 'yes');
  assert.deepEqual(await hit.json(), { ok: true });
  assert.equal((await fetch(base + '/orders')).status, 404);

  assert.equal((await mock.getRequestsForAPI('POST', '/orders?dry=true')).length, 1);
  assert.equal((await mock.getAllRequests()).length, 2);
  assert.equal((await mock.getUnmatchedRequests()).length, 1);

  for (const [required, next, status] of [['Started', 'paid', 200], ['paid', 'Started', 409]]) {
    await mock.register({ method: 'GET', endpoint: '/pay' }, { status, body: {} },
      { scenario: { scenarioName: 'pay', requiredScenarioState: required, newScenarioState: next } });
  }
  assert.deepEqual([(await fetch(base + '/pay')).status, (await fetch(base + '/pay')).status], [200, 409]);
  assert.equal((await mock.getAllScenarios()).length, 1);
  await mock.resetAllScenarios();

  assert.equal((await mock.findMappingByMetadata({ team: 'checkout' }, MatchingAttributes.EqualToJson)).length, 1);
  await mock.removeMappingByMetadata({ team: 'checkout' }, MatchingAttributes.EqualToJson);
  assert.equal((await mock.getAllMappings()).length, 2);
  await mock.clearAllRequests();
  assert.equal((await mock.getAllRequests()).length, 0);
  await mock.resetMappings();
  assert.equal((await mock.getAllMappings()).length, 0);
  console.log('ok');
})().catch((err) => { console.error(err); process.exit(1); });
