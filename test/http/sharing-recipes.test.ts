import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { TestService } from '../support/http/test-service'

const page = readFileSync(join(__dirname, '../../notes/sharing.md'), 'utf8')

it('does what the commands of notes/sharing.md say', async () => {
  const service = await TestService.start()
  try {
    const admin = await service.makeAdmin()
    const [ann, bob, cid] = [
      await service.makeMember(admin, 'ann'),
      await service.makeMember(admin, 'bob'),
      await service.makeMember(admin, 'cid'),
    ]
    const read = (token: string) => service.call('GET', '/v1/files/ann/results/draft.md', token)
    await service.call('PUT', '/v1/files/ann/results/draft.md', ann.token).send('x').expect(201)
    const script = /```sh\n(.*?)```/s.exec(page)![1]!
    const [before, after] = script.split('grant=$(')
    const run = (text: string) =>
      promisify(execFile)(
        'bash',
        ['-eu', '-o', 'pipefail', '-c', `curl() { command curl --fail-with-body "$@"; }\n${text}`],
        {
          env: {
            ...process.env,
            service: `http://127.0.0.1:${service.port}`,
            token: ann.token,
          },
        },
      )
    await run(before!)
    await read(bob.token).expect(200)
    await read(cid.token).expect(200)
    await run(`grant=$(${after!}`)
    await read(bob.token).expect(404)
    await read(cid.token).expect(200)
  } finally {
    await service.stop()
  }
})
