// Beats that the server has not confirmed yet. They outlive a reload and a crash of the page.

const NAME = "tic-edu-study";
const STORE = "beats";
const KEEP_MS = 10 * 60_000; // older beats earn nothing (P-8)

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

class Queue {
  constructor(database) {
    this.database = database;
  }

  add(entry) {
    return settled(this.#store("readwrite").put(entry));
  }

  // The oldest beats of one session, in order.
  take(sessionId, limit) {
    return settled(this.#store("readonly").getAll(everySeqOf(sessionId), limit));
  }

  async remove(entries) {
    const store = this.#store("readwrite");
    await Promise.all(entries.map((one) => settled(store.delete([one.sessionId, one.seq]))));
  }

  // Sessions of pages that are gone and have beats left; what is too old to count is dropped.
  async leftOvers() {
    const entries = await settled(this.#store("readonly").getAll());
    const old = entries.filter((entry) => Date.parse(entry.beat.at) < Date.now() - KEEP_MS);
    await this.remove(old);
    const kept = entries.filter((entry) => !old.includes(entry));
    return [...new Set(kept.map((entry) => entry.sessionId))];
  }

  #store(mode) {
    return this.database.transaction(STORE, mode).objectStore(STORE);
  }
}

// Without a database the sender's own memory is all there is.
class NoQueue {
  async add() {}

  async take() {
    return [];
  }

  async remove() {}

  async leftOvers() {
    return [];
  }
}
