import { makeLink } from '../links'
import type { Row, Scene } from './row'

/** A link of the owner's, and a path below its address. */
async function visit(
  { service, owner, call }: Scene,
  { method, path, ...terms }: { method: string; path: string; mode?: string },
) {
  const { url } = await makeLink(service, owner, terms)
  const asked = call(method, url + path)
  return method === 'PUT' ? asked.send('content') : asked
}

async function sign({ service, owner }: Scene, method: string): Promise<string> {
  const body = { owner: owner.name, path: 'kept', method, expiresInS: 60 }
  const made = await service.call('POST', '/v1/signed-urls', owner.token).send(body).expect(201)
  return (made.body as { url: string }).url
}

/** A link to what is shared. */
async function linkOf({ service, owner }: Scene): Promise<string> {
  return `/v1/links/${(await makeLink(service, owner, { path: 'shared/kept' })).id}`
}

function signed({ call, owner }: Scene, method: string) {
  const body = { owner: owner.name, path: 'shared/kept', method, expiresInS: 60 }
  return call('POST', '/v1/signed-urls').send(body)
}

const everyone: Row['answers'] = [200, 200, 200, 200]
const upload = { mode: 'upload' }

/** Links and signed URLs: who has one needs no session, and a session gives them nothing more. */
export const linkRows: readonly Row[] = [
  {
    route: 'POST /v1/links',
    answers: [401, 201, 404, 201, 403, 403, 201],
    ask: ({ call, owner }) =>
      call('POST', '/v1/links').send({ owner: owner.name, path: 'shared/kept', mode: 'view' }),
  },
  {
    route: 'POST /v1/links',
    answers: [401, 201, 404, 201, 403, 403, 201],
    on: 'folder',
    ask: ({ call, owner }) =>
      call('POST', '/v1/links').send({ owner: owner.name, folder: 'shared', mode: 'upload' }),
  },
  {
    route: 'GET /v1/links',
    answers: [401, 200, 404, 200, 403, 403, 200],
    ask: ({ call, owner }) => call('GET', `/v1/links?owner=${owner.name}&path=shared/kept`),
  },
  {
    route: 'GET /v1/links/:linkId',
    answers: [401, 200, 404, 200, 404, 404, 200],
    ask: async (scene) => scene.call('GET', await linkOf(scene)),
  },
  {
    route: 'PATCH /v1/links/:linkId',
    answers: [401, 200, 404, 200, 404, 404, 200],
    ask: async (scene) => scene.call('PATCH', await linkOf(scene)).send({ label: 'x' }),
  },
  {
    route: 'DELETE /v1/links/:linkId',
    answers: [401, 204, 404, 204, 404, 404, 204],
    ask: async (scene) => scene.call('DELETE', await linkOf(scene)),
  },
  {
    route: 'GET /s/:token',
    answers: everyone,
    ask: (scene) => visit(scene, { method: 'GET', path: '' }),
  },
  {
    // The link is for a folder.
    route: 'GET /s/:token/content',
    answers: [404, 404, 404, 404],
    ask: (scene) => visit(scene, { method: 'GET', path: '/content' }),
  },
  {
    route: 'GET /s/:token/archive',
    answers: everyone,
    ask: (scene) => visit(scene, { method: 'GET', path: '/archive' }),
  },
  {
    route: 'GET /s/:token/archive',
    answers: [404, 404, 404, 404],
    ask: (scene) => visit(scene, { method: 'GET', path: '/archive', ...upload }),
  },
  {
    route: 'GET /s/:token/files',
    answers: everyone,
    ask: (scene) => visit(scene, { method: 'GET', path: '/files' }),
  },
  {
    route: 'GET /s/:token/files',
    answers: [404, 404, 404, 404],
    ask: (scene) => visit(scene, { method: 'GET', path: '/files', ...upload }),
  },
  {
    route: 'GET /s/:token/files/*path',
    answers: everyone,
    ask: (scene) => visit(scene, { method: 'GET', path: '/files/kept' }),
  },
  {
    route: 'GET /s/:token/files/*path',
    answers: [404, 404, 404, 404],
    ask: (scene) => visit(scene, { method: 'GET', path: '/files/kept', ...upload }),
  },
  {
    route: 'PUT /s/:token/files/*path',
    answers: [403, 403, 403, 403],
    ask: (scene) => visit(scene, { method: 'PUT', path: '/files/new' }),
  },
  {
    route: 'PUT /s/:token/files/*path',
    answers: [201, 201, 201, 201],
    ask: (scene) => visit(scene, { method: 'PUT', path: '/files/kept', ...upload }),
  },
  {
    route: 'POST /v1/signed-urls',
    answers: [401, 201, 404, 201, 201, 201, 201],
    ask: (scene) => signed(scene, 'GET'),
  },
  {
    route: 'POST /v1/signed-urls',
    answers: [401, 201, 404, 201, 403, 201, 201],
    ask: (scene) => signed(scene, 'PUT'),
  },
  {
    route: 'GET /d/:token',
    answers: everyone,
    ask: async (scene) => scene.call('GET', await sign(scene, 'GET')),
  },
  {
    route: 'GET /d/:token',
    answers: [404, 404, 404, 404],
    ask: async (scene) => scene.call('GET', await sign(scene, 'PUT')),
  },
  {
    route: 'PUT /d/:token',
    answers: everyone,
    ask: async (scene) => scene.call('PUT', await sign(scene, 'PUT')).send('content'),
  },
]
