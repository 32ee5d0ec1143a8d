import { OwnClient, same, sameBytes } from './own-client'
import { jsonOf, urlOf } from './session'

const tus = { 'tus-resumable': '1.0.0' }
const piece = { ...tus, 'content-type': 'application/offset+octet-stream' }

/** Also versions, the trash and uploads in pieces. */
export class KeepingClient extends OwnClient {
  async versions(): Promise<void> {
    const path = this.anyPath()
    const file = this.model.files.get(path)
    this.say(`look at the versions of ${path}`)
    const answer = await this.ask('GET', this.versionsUrl(path))
    if (file === undefined) {
      same(answer.status, 404)
      return
    }
    const shown = jsonOf<{ versions: { version: number; etag: string; size: number }[] }>(answer)
    const all = [...file.earlier, file].reverse()
    same(
      shown.versions.map(({ version, etag, size }) => ({ version, etag, size })),
      all.map(({ version, etag, content }) => ({ version, etag, size: content.length })),
    )
    const one = this.random.pick(all)
    const read = await this.ask('GET', `${this.fileUrl(path)}?version=${one.version}`)
    same([read.status, read.headers['etag']], [200, one.etag])
    sameBytes(read.body, one.content)
  }

  async restoreVersion(): Promise<void> {
    const path = this.anyPath()
    const file = this.model.files.get(path)
    const one = file && this.random.pick([...file.earlier, file])
    this.say(`restore version ${one?.version} of ${path}`)
    const version = one?.version ?? 1
    const answer = await this.ask('POST', this.versionsUrl(path), { json: { version } })
    if (one === undefined) {
      same(answer.status, 404)
      return
    }
    // The current one is what it is.
    if (one === file) {
      same(answer.status < 500, true)
      return
    }
    same(answer.status, 200)
    this.written(path, one.content, answer)
  }

  async dropVersion(): Promise<void> {
    const path = this.anyPath()
    const file = this.model.files.get(path)
    const one = file?.earlier.length ? this.random.pick(file.earlier) : undefined
    this.say(`let version ${one?.version} of ${path} go`)
    const answer = await this.ask(
      'DELETE',
      `${this.versionsUrl(path)}?version=${one?.version ?? 999}`,
    )
    if (one === undefined) {
      same(answer.status, 404)
      return
    }
    same(answer.status, 204)
    file!.earlier = file!.earlier.filter((other) => other !== one)
  }

  async lookAtTrash(): Promise<void> {
    this.say('look at the trash')
    const answer = await this.ask('GET', '/v1/trash?limit=1000')
    same(answer.status, 200)
    const { files } = jsonOf<{ files: { id: string; path: string; etag: string }[] }>(answer)
    const shown = files.map(({ id, path, etag }) => ({ id, path, etag }))
    const expected = this.model.trash.map(({ path, file: { id, etag } }) => ({ id, path, etag }))
    // Several may have been deleted in one millisecond.
    const byId = (a: { id: string | null }, b: { id: string | null }) => (a.id! < b.id! ? -1 : 1)
    same(shown.sort(byId), expected.sort(byId))
  }

  async restoreFromTrash(): Promise<void> {
    const { trash, files } = this.model
    if (trash.length === 0) return this.lookAtTrash()
    const index = this.random.below(trash.length)
    const { path, file } = trash[index]!
    const to = this.random.chance(0.3) ? this.anyPath() : path
    const overwrite = this.random.chance(0.5)
    this.say(`restore ${path} to ${to}${overwrite ? ', overwriting' : ''}`)
    if (files.has(to)) await this.idOf(to)
    const json = { overwrite, ...(to === path ? {} : { path: to }) }
    const answer = await this.ask('POST', urlOf('v1', 'trash', file.id!, 'restore'), { json })
    if (files.has(to) && !overwrite) {
      same(answer.status, 409)
      return
    }
    same(answer.status, 200)
    this.model.restore(index, to)
  }

  async letGoFromTrash(): Promise<void> {
    const { trash } = this.model
    if (this.random.chance(0.2)) {
      this.say('empty the trash')
      const answer = await this.ask('DELETE', '/v1/trash')
      same([answer.status, jsonOf(answer)], [200, { deleted: trash.length, isEmpty: true }])
      trash.length = 0
      return
    }
    if (trash.length === 0) return this.lookAtTrash()
    const index = this.random.below(trash.length)
    const { path, file } = trash[index]!
    this.say(`let ${path} in the trash go`)
    const url = urlOf('v1', 'trash', file.id!)
    same((await this.ask('DELETE', url)).status, 204)
    same((await this.ask('DELETE', url)).status, 404)
    trash.splice(index, 1)
  }

  async uploadInPieces(): Promise<void> {
    const path = this.anyPath()
    const content = this.random.bytes(1 + this.random.below(5000))
    const isGivenUp = this.random.chance(0.15)
    this.say(
      `upload ${content.length} bytes in pieces to ${path}${isGivenUp ? ', not to the end' : ''}`,
    )
    const metadata = `path ${Buffer.from(path).toString('base64')}`
    const headers = { ...tus, 'upload-length': content.length, 'upload-metadata': metadata }
    const begun = await this.ask('POST', '/v1/uploads', { headers })
    same(begun.status, 201)
    const url = begun.headers['location']!
    const middle = this.random.below(content.length)
    const first = await this.sendPiece(url, 0, content.subarray(0, middle))
    same([first.status, first.headers['upload-offset']], [204, String(middle)])
    if (middle > 0) same((await this.sendPiece(url, 0, content)).status, 409)
    const asked = await this.ask('HEAD', url, { headers: tus })
    same([asked.status, asked.headers['upload-offset']], [200, String(middle)])
    if (isGivenUp) {
      same((await this.ask('DELETE', url, { headers: tus })).status, 204)
      return
    }
    const last = await this.sendPiece(url, middle, content.subarray(middle))
    same(last.status, 204)
    this.model.write(path, content, last.headers['etag']!)
  }

  private sendPiece(url: string, offset: number, body: Buffer) {
    return this.ask('PATCH', url, { headers: { ...piece, 'upload-offset': offset }, body })
  }

  private versionsUrl(path: string): string {
    return urlOf('v1', 'versions', this.use.name, path)
  }
}
