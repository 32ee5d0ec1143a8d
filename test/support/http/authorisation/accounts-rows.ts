import { password } from '../test-service'
import type { Row } from './row'

const account = { password }

/** Accounts and sessions. */
export const accountsRows: readonly Row[] = [
  {
    route: 'POST /v1/accounts',
    answers: [403, 403, 403, 201],
    deleted: 401,
    ask: ({ call, owner }) =>
      call('POST', '/v1/accounts').send({ ...account, name: `${owner.name}-2` }),
  },
  {
    route: 'GET /v1/account',
    answers: [401, 200, 200, 200],
    ask: ({ call }) => call('GET', '/v1/account'),
  },
  {
    route: 'PUT /v1/account/password',
    answers: [401, 204, 204, 204],
    ask: ({ call }) =>
      call('PUT', '/v1/account/password').send({
        currentPassword: password,
        newPassword: password,
      }),
  },
  {
    // The admin is the last one.
    route: 'DELETE /v1/account',
    answers: [401, 204, 204, 409],
    ask: ({ call }) => call('DELETE', '/v1/account').send(account),
  },
  {
    route: 'POST /v1/sessions',
    answers: [201, 201, 201, 201],
    ask: ({ call, owner }) => call('POST', '/v1/sessions').send({ ...account, name: owner.name }),
  },
  {
    route: 'GET /v1/sessions',
    answers: [401, 200, 200, 200],
    ask: ({ call }) => call('GET', '/v1/sessions'),
  },
  {
    route: 'DELETE /v1/sessions/:sessionId',
    answers: [401, 204, 404, 404],
    ask: ({ call, otherSessionId }) => call('DELETE', `/v1/sessions/${otherSessionId}`),
  },
  {
    route: 'DELETE /v1/session',
    answers: [401, 204, 204, 204],
    ask: ({ call }) => call('DELETE', '/v1/session'),
  },
]
