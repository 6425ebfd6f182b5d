// Beats that the server has not confirmed yet. They outlive a reload and a crash of the page.

const NAME = "tic-edu-study";
const STORE = "beats";
const KEEP_MS = 10 * 60_000;

// Older beats earn nothing any more (P-8).
export function isTooOld(entry) {
  return Date.parse(entry.beat.at) < Date.now() - KEEP_MS;
}

export async function openQueue() {
  try {
    return new Queue(await openDatabase());
  } catch {
    return new NoQueue(); // private windows may have no database
  }
}

function openDatabase() {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(NAME, 1);
    opening.onupgradeneeded = () => {
      opening.result.createObjectStore(STORE, { keyPath: ["sessionId", "seq"] });
    };
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
    opening.onblocked = () => reject(new Error("blocked"));
  });
}

function settled(operation) {
  return new Promise((resolve, reject) => {
    operation.onsuccess = () => resolve(operation.result);
    operation.onerror = () => reject(operation.error);
  });
}

const everySeqOf = (sessionId) => IDBKeyRange.bound([sessionId], [sessionId, []]);

// A disk that is full or taken away only means that a crash would lose what the page still knows.
class Queue {
  constructor(database) {
    this.database = database;
  }

  add(entry) {
    return this.#use("readwrite", (store) => settled(store.put(entry)));
  }

  // The oldest beats of one session, in order.
  take(sessionId, limit) {
    return this.#use("readonly", (store) => settled(store.getAll(everySeqOf(sessionId), limit)));
  }

  // Whether they are gone.
  remove(entries) {
    return this.#use("readwrite", async (store) => {
      await Promise.all(entries.map((one) => settled(store.delete([one.sessionId, one.seq]))));
      return true;
    });
  }

  // Sessions of pages that are gone and have beats left; what is too old to count is dropped.
  async leftOvers() {
    const entries = await this.#use("readonly", (store) => settled(store.getAll()));
    await this.remove(entries.filter(isTooOld));
    const kept = entries.filter((entry) => !isTooOld(entry));
    return [...new Set(kept.map((entry) => entry.sessionId))];
  }

  // Never fails: what could not be read is nothing.
  async #use(mode, operate) {
    try {
      return await operate(this.database.transaction(STORE, mode).objectStore(STORE));
    } catch (reason) {
      console.warn("beats are kept in memory only", reason);
      return [];
    }
  }
}

// Without a database the sender's own memory is all there is.
class NoQueue {
  async add() {}

  async take() {
    return [];
  }

  async remove() {
    return true;
  }

  async leftOvers() {
    return [];
  }
}
