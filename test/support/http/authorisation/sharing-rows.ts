import type { Row, Scene } from './row'

const wholeGrant = ({ owner, member }: Scene) => ({
  owner: owner.name,
  path: 'shared/kept',
  to: { account: member },
  right: 'edit',
})

/** Groups, grants, and who may do what. */
export const sharingRows: readonly Row[] = [
  {
    route: 'POST /v1/groups',
    answers: [401, 201, 201, 201],
    ask: ({ call, owner }) => call('POST', '/v1/groups').send({ name: `of-${owner.name}` }),
  },
  {
    route: 'GET /v1/groups',
    answers: [401, 200, 200, 200],
    ask: ({ call }) => call('GET', '/v1/groups'),
  },
  {
    // What somebody has by a grant tells them nothing of the owner's other groups.
    route: 'GET /v1/groups/:group',
    answers: [401, 200, 404, 200, 404, 404, 404],
    ask: ({ call, group }) => call('GET', `/v1/groups/${group}`),
  },
  {
    route: 'DELETE /v1/groups/:group',
    answers: [401, 204, 404, 204, 404, 404, 404],
    ask: ({ call, group }) => call('DELETE', `/v1/groups/${group}`),
  },
  {
    route: 'PUT /v1/groups/:group/members/:account',
    answers: [401, 200, 404, 200, 404, 404, 404],
    ask: ({ call, group, member }) =>
      call('PUT', `/v1/groups/${group}/members/${member}`).send({ role: 'manager' }),
  },
  {
    route: 'DELETE /v1/groups/:group/members/:account',
    answers: [401, 204, 404, 204, 404, 404, 404],
    ask: ({ call, group, member }) => call('DELETE', `/v1/groups/${group}/members/${member}`),
  },
  {
    route: 'POST /v1/grants',
    answers: [401, 200, 404, 200, 403, 403, 200],
    ask: (scene) => scene.call('POST', '/v1/grants').send(wholeGrant(scene)),
  },
  {
    route: 'POST /v1/grants',
    answers: [401, 201, 404, 201, 403, 403, 201],
    on: 'folder',
    ask: ({ call, owner, member }) =>
      call('POST', '/v1/grants').send({
        owner: owner.name,
        folder: 'shared',
        to: { account: member },
        right: 'manage',
      }),
  },
  {
    route: 'GET /v1/grants',
    answers: [401, 200, 404, 200, 403, 403, 200],
    ask: ({ call, owner }) => call('GET', `/v1/grants?owner=${owner.name}&path=shared/kept`),
  },
  {
    route: 'GET /v1/grants',
    answers: [401, 200, 404, 200, 403, 403, 200],
    on: 'folder',
    ask: ({ call, owner }) => call('GET', `/v1/grants?owner=${owner.name}&folder=shared`),
  },
  {
    // Somebody else's grant is known to managers only.
    route: 'PATCH /v1/grants/:grant',
    answers: [401, 200, 404, 200, 404, 404, 200],
    ask: ({ call, grantId }) => call('PATCH', `/v1/grants/${grantId}`).send({ right: 'edit' }),
  },
  {
    route: 'DELETE /v1/grants/:grant',
    answers: [401, 204, 404, 204, 404, 404, 204],
    ask: ({ call, grantId }) => call('DELETE', `/v1/grants/${grantId}`),
  },
  {
    route: 'GET /v1/shared',
    answers: [401, 200, 200, 200],
    ask: ({ call }) => call('GET', '/v1/shared'),
  },
  {
    route: 'GET /v1/info/permissions/:owner/*path',
    answers: [401, 200, 404, 200, 200, 200, 200],
    ask: ({ call, file }) => call('GET', `/v1/info/permissions/${file}`),
  },
  {
    route: 'GET /v1/info/permissions/:owner/*path',
    answers: [401, 200, 404, 200, 200, 200, 200],
    on: 'folder',
    ask: ({ call, folder }) => call('GET', `/v1/info/permissions/${folder}`),
  },
  {
    // Only who has everything of the owner's: a file or a folder does not tell of the rest.
    route: 'GET /v1/info/permissions/:owner',
    answers: [401, 200, 404, 200, 404, 404, 404],
    ask: ({ call, owner }) => call('GET', `/v1/info/permissions/${owner.name}`),
  },
]
