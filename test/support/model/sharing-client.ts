import type { ModelFile } from './file-model'
import { KeepingClient } from './keeping-client'
import { same, sameBytes } from './own-client'
import { jsonOf, urlOf, type Session } from './session'

interface FileLink {
  id: string
  url: string
  file: ModelFile
}

/** Also grants, links and signed URLs: what others get to see, and from when on they do not. */
export class SharingClient extends KeepingClient {
  /** Links that go with their files wherever those are moved. */
  private readonly links: FileLink[] = []

  async grantAndRevoke(): Promise<void> {
    const path = this.anyPath()
    const file = this.model.files.get(path)
    const right = this.random.pick(['view', 'edit'] as const)
    const folder = this.random.chance(0.5) ? '' : null
    this.say(`let the friend ${right} ${folder === null ? path : 'everything'}`)
    const { name: owner, friendName, friend } = this.use
    const place = folder === null ? { path } : { folder }
    const json = { owner, ...place, to: { account: friendName }, right }
    const read = () => friend.ask('GET', this.fileUrl(path))
    same((await read()).status, 404)
    const made = await this.ask('POST', '/v1/grants', { json })
    if (folder === null && file === undefined) {
      same(made.status, 404)
      return
    }
    same(made.status, 201)
    await this.expectFile(friend, this.fileUrl(path), file)
    const content = this.anyContent()
    const put = await friend.ask('PUT', this.fileUrl(path), { body: content })
    if (right === 'edit') {
      same(put.status, file === undefined ? 201 : 200)
      this.written(path, content, put)
    } else same(put.status, 403)
    const { id } = jsonOf<{ id: string }>(made)
    same((await this.ask('DELETE', `/v1/grants/${id}`)).status, 204)
    same((await read()).status, 404)
  }

  async makeFileLink(): Promise<void> {
    const path = this.anyPath()
    const file = this.model.files.get(path)
    this.say(`make a link to ${path}`)
    const made = await this.makeLink({ path, mode: 'view' })
    if (file === undefined) {
      same(made.status, 404)
      return
    }
    same(made.status, 201)
    const { id, url } = jsonOf<{ id: string; url: string }>(made)
    this.links.push({ id, url, file })
  }

  async useFileLink(): Promise<void> {
    if (this.links.length === 0) return this.makeFileLink()
    const index = this.random.below(this.links.length)
    const { id, url, file } = this.links[index]!
    this.say(`read by the link ${id}`)
    const isThere = [...this.model.files.values()].includes(file)
    await this.expectFile(this.use.anyone, `${url}/content`, isThere ? file : undefined)
    if (this.random.chance(0.7)) return
    this.say(`revoke the link ${id}`)
    const isGone = !isThere && !this.model.trash.some((one) => one.file === file)
    const revoked = await this.ask('DELETE', `/v1/links/${id}`)
    same(revoked.status, isGone ? 404 : 204)
    same((await this.use.anyone.ask('GET', `${url}/content`)).status, 404)
    this.links.splice(index, 1)
  }

  async countedLink(): Promise<void> {
    this.say('make a link to everything for two downloads')
    const path = this.anyPath()
    const file = this.model.files.get(path)
    const made = await this.makeLink({ folder: '', mode: 'view', usesMax: 2, password: 'secret' })
    same(made.status, 201)
    const { id, url } = jsonOf<{ id: string; url: string }>(made)
    const target = url + urlOf('files', path)
    const password = { 'x-link-password': 'secret' }
    same((await this.use.anyone.ask('GET', target)).status, 401)
    const read = () => this.use.anyone.ask('GET', target, { headers: password })
    const statuses = [await read(), await read(), await read()].map(({ status }) => status)
    same(statuses, file === undefined ? [404, 404, 404] : [200, 200, 410])
    same((await this.ask('DELETE', `/v1/links/${id}`)).status, 204)
    same((await read()).status, 404)
  }

  async dropByLink(): Promise<void> {
    const path = this.anyPath()
    const content = this.anyContent()
    this.say(`drop ${content.length} bytes as ${path}`)
    const made = await this.makeLink({ folder: '', mode: 'upload' })
    const { id, url } = jsonOf<{ id: string; url: string }>(made)
    const target = url + urlOf('files', path)
    const put = await this.use.anyone.ask('PUT', target, { body: content })
    same(put.status, 201)
    const { path: stored } = jsonOf<{ path: string }>(put)
    if (this.model.files.has(path)) same(/ \(\d+\)(\.txt)?$/.test(stored), true)
    else same(stored, path)
    same(this.model.files.has(stored), false)
    same((await this.use.anyone.ask('GET', target)).status, 404)
    const head = await this.ask('HEAD', this.fileUrl(stored))
    this.model.write(stored, content, head.headers['etag']!)
    await this.expectFile(this.use.own, this.fileUrl(stored), this.model.files.get(stored))
    same((await this.ask('DELETE', `/v1/links/${id}`)).status, 204)
    same((await this.use.anyone.ask('PUT', target, { body: content })).status, 404)
  }

  async signedUrl(): Promise<void> {
    const path = this.anyPath()
    const file = this.model.files.get(path)
    this.say(`sign a URL of ${path}`)
    const json = { owner: this.use.name, path, method: 'GET', expiresInS: 60 }
    const made = await this.ask('POST', '/v1/signed-urls', { json })
    if (file === undefined) {
      same(made.status, 404)
      return
    }
    same(made.status, 201)
    await this.expectFile(this.use.anyone, jsonOf<{ url: string }>(made).url, file)
  }

  private makeLink(terms: object) {
    return this.ask('POST', '/v1/links', { json: { owner: this.use.name, ...terms } })
  }

  private async expectFile(who: Session, url: string, file: ModelFile | undefined): Promise<void> {
    const answer = await who.ask('GET', url)
    if (file === undefined) {
      same(answer.status, 404)
      return
    }
    same([answer.status, answer.headers['etag']], [200, file.etag])
    sameBytes(answer.body, file.content)
  }

  /** One operation, of a kind that chance picks. */
  async step(): Promise<void> {
    const operation = this.random.weighted<() => Promise<void>>([
      [16, () => this.put()],
      [14, () => this.get()],
      [8, () => this.append()],
      [8, () => this.delete()],
      [5, () => this.list()],
      [4, () => this.storage()],
      [9, () => this.copyOrMove()],
      [5, () => this.versions()],
      [4, () => this.restoreVersion()],
      [2, () => this.dropVersion()],
      [2, () => this.lookAtTrash()],
      [5, () => this.restoreFromTrash()],
      [2, () => this.letGoFromTrash()],
      [6, () => this.uploadInPieces()],
      [4, () => this.grantAndRevoke()],
      [3, () => this.makeFileLink()],
      [4, () => this.useFileLink()],
      [2, () => this.countedLink()],
      [3, () => this.dropByLink()],
      [3, () => this.signedUrl()],
    ])
    await operation()
  }
}
