/**
 * Sockets that lose nothing: tslab 1.0.22 starts a send while another is under way, which ZeroMQ refuses, so that of
 * many printed lines some never arrive.
 */

/**
 * A socket class of zeromq's whose sends wait for each other and whose queue has no end.
 *
 * @template {new (...args: any[]) => { send(message: unknown): Promise<void> }} T
 * @param {T} Socket
 * @returns {T}
 */
module.exports = function queued(Socket) {
  return class extends Socket {
    #last = Promise.resolve();

    constructor(options) {
      super({ ...options, sendHighWaterMark: 0 });
    }

    send(message) {
      const sent = this.#last.then(() => super.send(message));
      this.#last = sent.catch(() => {}); // a closed socket: nobody listens any more
      return sent;
    }
  };
};
