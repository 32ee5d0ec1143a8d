import { pieceType, tus, uploadMetadata } from '../tus'
import type { Row, Scene } from './row'

const begin = ({ call, owner }: Scene, path: string) =>
  call('POST', '/v1/uploads').set({
    ...tus,
    'Upload-Length': '0',
    ...uploadMetadata({ owner: owner.name, path }),
  })
const open = ({ call, uploadId }: Scene, method: string) =>
  call(method, `/v1/uploads/${uploadId}`).set(tus)
const mine = { answers: [401, 204, 404, 404], hasUpload: true } satisfies Partial<Row>

/** Resumable uploads: into a place by the rights to it; one that is open is its sender's alone. */
export const uploadRows: readonly Row[] = [
  {
    route: 'POST /v1/uploads',
    answers: [401, 201, 404, 201, 403, 201, 201],
    on: 'folder',
    ask: (scene) => begin(scene, 'shared/new'),
  },
  {
    route: 'POST /v1/uploads',
    answers: [401, 201, 404, 201, 403, 201, 201],
    ask: (scene) => begin(scene, 'shared/kept'),
  },
  {
    route: 'GET /v1/uploads',
    answers: [401, 200, 200, 200],
    ask: ({ call }) => call('GET', '/v1/uploads'),
  },
  {
    ...mine,
    route: 'HEAD /v1/uploads/:id',
    answers: [401, 200, 404, 404],
    ask: (scene) => open(scene, 'HEAD'),
  },
  {
    ...mine,
    route: 'GET /v1/uploads/:id',
    answers: [401, 200, 404, 404],
    ask: (scene) => open(scene, 'GET'),
  },
  {
    ...mine,
    route: 'PATCH /v1/uploads/:id',
    ask: (scene) =>
      open(scene, 'PATCH')
        .set({ ...pieceType, 'Upload-Offset': '0' })
        .send('hello'),
  },
  { ...mine, route: 'DELETE /v1/uploads/:id', ask: (scene) => open(scene, 'DELETE') },
  {
    ...mine,
    route: 'POST /v1/uploads/:id',
    ask: (scene) => open(scene, 'POST').set('X-HTTP-Method-Override', 'DELETE'),
  },
]
