import type { Row, Scene } from './row'

const bulk = ({ call, owner }: Scene, op: string, from: string, to?: string) => {
  const at = (path: string) => ({ owner: owner.name, path })
  const target = to === undefined ? {} : { to: at(to) }
  return call('POST', '/v1/bulk').send({ operations: [{ op, from: at(from), ...target }] })
}

/** What is known of files, and copying, moving and deleting in bulk. */
export const organisingRows: readonly Row[] = [
  {
    route: 'GET /v1/info/files/:owner/*path',
    answers: [401, 200, 404, 200, 200, 200, 200],
    ask: ({ call, file }) => call('GET', `/v1/info/files/${file}`),
  },
  {
    route: 'GET /v1/info/files/:owner/*path',
    answers: [401, 200, 404, 200, 200, 200, 200],
    on: 'folder',
    ask: ({ call, folder }) => call('GET', `/v1/info/files/${folder}/`),
  },
  {
    // Only who sees everything of the owner's.
    route: 'GET /v1/info/files/:owner',
    answers: [401, 200, 404, 200, 404, 404, 404],
    ask: ({ call, owner }) => call('GET', `/v1/info/files/${owner.name}`),
  },
  {
    route: 'PATCH /v1/info/files/:owner/*path',
    answers: [401, 200, 404, 200, 403, 200, 200],
    ask: ({ call, file }) => call('PATCH', `/v1/info/files/${file}`).send({ metadata: { x: '1' } }),
  },
  {
    route: 'GET /v1/info/storage/:owner',
    answers: [401, 200, 404, 200, 404, 404, 404],
    ask: ({ call, owner }) => call('GET', `/v1/info/storage/${owner.name}`),
  },
  {
    route: 'POST /v1/bulk',
    answers: [401, 200, 404, 200, 403, 200, 200],
    on: 'folder',
    ask: (scene) => bulk(scene, 'copy', 'shared/kept', 'shared/copy'),
  },
  {
    route: 'POST /v1/bulk',
    answers: [401, 200, 404, 200, 403, 200, 200],
    on: 'folder',
    ask: (scene) => bulk(scene, 'move', 'shared/kept', 'shared/moved'),
  },
  {
    route: 'POST /v1/bulk',
    answers: [401, 200, 404, 200, 403, 200, 200],
    ask: (scene) => bulk(scene, 'delete', 'shared/kept'),
  },
  {
    route: 'POST /v1/bulk',
    answers: [401, 200, 404, 200, 404, 404, 404],
    ask: (scene) => bulk(scene, 'delete', 'kept'),
  },
]
