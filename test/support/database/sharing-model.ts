/** Who may do what, as simply as it can be said: what the databases do with indexes, joins and expiry must come to this. */
export interface ModelGrant {
  id: string
  owner: string
  /** Of a file, by its id, or of all below a folder. */
  fileId: string | null
  folder: string | null
  /** `account:bob` or `group:staff` */
  to: string
  right: ModelRight
  endMs: number
}

export type ModelRight = 'view' | 'edit' | 'manage'
type Outcome = 'ok' | 'not_found' | 'forbidden' | 'invalid' | 'conflict'

const order = ['view', 'edit', 'manage']

export class SharingModel {
  nowMs = 1000
  /** The ids of files by `owner/path`. */
  readonly files = new Map<string, string>()
  readonly groups = new Map<string, Map<string, 'manager' | 'member'>>()
  grants: ModelGrant[] = []

  /** What an account may do at a path; `fileId` null where only a folder's right counts. */
  right(account: string, owner: string, path: string): ModelRight | null {
    if (account === owner) return 'manage'
    const held = this.held(account, owner, path).map(({ right }) => order.indexOf(right))
    return held.length === 0 ? null : (order[Math.max(...held)] as ModelRight)
  }

  may(account: string, owner: string, path: string, needed: ModelRight): Outcome {
    const right = this.right(account, owner, path)
    if (right === null) return 'not_found'
    return order.indexOf(right) >= order.indexOf(needed) ? 'ok' : 'forbidden'
  }

  private held(account: string, owner: string, path: string): ModelGrant[] {
    return this.grants.filter(
      (grant) =>
        grant.owner === owner &&
        grant.endMs > this.nowMs &&
        this.isTo(account, grant) &&
        (grant.folder === null
          ? grant.fileId === (this.files.get(`${owner}/${path}`) ?? 'none')
          : `/${path}`.startsWith(grant.folder === '' ? '/' : `/${grant.folder}/`)),
    )
  }

  private isTo(account: string, { to }: ModelGrant): boolean {
    return to === `account:${account}` || this.groups.get(to.slice(6))?.has(account) === true
  }

  put(account: string, owner: string, path: string, id: string): Outcome {
    const outcome = this.may(account, owner, path, 'edit')
    const key = `${owner}/${path}`
    if (outcome === 'ok' && !this.files.has(key)) this.files.set(key, id)
    return outcome
  }

  remove(account: string, owner: string, path: string, forGood: boolean): Outcome {
    const id = this.files.get(`${owner}/${path}`)
    if (id === undefined) return 'not_found'
    const outcome = this.may(account, owner, path, 'edit')
    if (outcome === 'ok') this.files.delete(`${owner}/${path}`)
    if (outcome === 'ok' && forGood) this.grants = this.grants.filter((g) => g.fileId !== id)
    return outcome
  }

  /** `path` of a file, or of a folder with a slash at its end. */
  set(
    account: string,
    owner: string,
    at: string,
    grant: Omit<ModelGrant, 'owner' | 'folder' | 'fileId'>,
  ): Outcome {
    const folder = at.endsWith('/') ? at.slice(0, -1) : null
    const fileId = folder === null ? (this.files.get(`${owner}/${at}`) ?? null) : null
    if (folder === null && fileId === null) return 'not_found'
    const outcome = this.may(account, owner, at, 'manage')
    if (outcome !== 'ok') return outcome
    if (!this.maySet(account, owner, { at, ...grant })) return 'invalid'
    const same = (g: ModelGrant) =>
      g.owner === owner && g.fileId === fileId && g.folder === folder && g.to === grant.to
    const before = this.grants.find((g) => same(g) && g.endMs > this.nowMs)
    this.grants = this.grants.filter((g) => !same(g))
    this.grants.push({ ...grant, id: before?.id ?? grant.id, owner, fileId, folder })
    return 'ok'
  }

  private maySet(
    account: string,
    owner: string,
    { at, to, endMs }: { at: string; to: string; endMs: number },
  ): boolean {
    const [kind, name] = to.split(':') as [string, string]
    if (kind === 'account' && (name === owner || name === account)) return false
    if (kind === 'group' && this.groups.get(name)?.has(account) !== true) return false
    const managing = this.held(account, owner, at).filter(({ right }) => right === 'manage')
    return account === owner || endMs <= Math.max(...managing.map((grant) => grant.endMs))
  }

  revoke(account: string, id: string): Outcome {
    const grant = this.grants.find((g) => g.id === id && g.endMs > this.nowMs)
    const at = grant === undefined ? null : this.placeOf(grant)
    if (grant === undefined || at === null) return 'not_found'
    const manages = this.right(account, grant.owner, at) === 'manage'
    if (!manages && !this.isTo(account, grant)) return 'not_found'
    const isManager = this.groups.get(grant.to.slice(6))?.get(account) === 'manager'
    if (!manages && !isManager && grant.to !== `account:${account}`) return 'forbidden'
    this.grants = this.grants.filter((g) => g !== grant)
    return 'ok'
  }

  private placeOf({ owner, fileId, folder }: ModelGrant): string | null {
    if (folder !== null) return folder === '' ? 'any' : `${folder}/any`
    const key = [...this.files].find(([, id]) => id === fileId)?.[0]
    return key === undefined ? null : key.slice(owner.length + 1)
  }

  join(account: string, group: string, whom: string, role: 'manager' | 'member'): Outcome {
    const members = this.groups.get(group)
    if (members?.has(account) !== true) return 'not_found'
    if (members.get(account) !== 'manager') return 'forbidden'
    if (role === 'member' && this.isLastManager(members, whom)) return 'conflict'
    members.set(whom, role)
    return 'ok'
  }

  leave(account: string, group: string, whom: string): Outcome {
    const members = this.groups.get(group)
    if (members?.has(account) !== true) return 'not_found'
    if (account !== whom && members.get(account) !== 'manager') return 'forbidden'
    if (!members.has(whom)) return 'not_found'
    if (this.isLastManager(members, whom)) return 'conflict'
    members.delete(whom)
    return 'ok'
  }

  private isLastManager(members: Map<string, string>, whom: string): boolean {
    const managers = [...members].filter(([, role]) => role === 'manager')
    return managers.length === 1 && managers[0]![0] === whom
  }
}
