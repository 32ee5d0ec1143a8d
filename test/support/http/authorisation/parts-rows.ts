import type { Row } from './row'

const content = Buffer.from('content')

/** Changes of parts, and forms. */
export const partsRows: readonly Row[] = [
  {
    route: 'PATCH /v1/files/:owner/*path',
    answers: [401, 200, 404, 200, 403, 200, 200],
    ask: ({ call, file }) =>
      call('PATCH', `/v1/files/${file}`)
        .set({ 'Content-Type': 'application/octet-stream', 'If-Match': '*' })
        .send('more'),
  },
  {
    route: 'POST /v1/files/:owner',
    answers: [401, 201, 404, 201, 404, 404, 404],
    ask: ({ call, owner }) => call('POST', `/v1/files/${owner.name}`).attach('a', content, 'new'),
  },
  {
    route: 'POST /v1/files/:owner/*path',
    answers: [401, 201, 404, 201, 403, 201, 201],
    on: 'folder',
    ask: ({ call, folder }) => call('POST', `/v1/files/${folder}`).attach('a', content, 'new'),
  },
]
