namespace FastPush.Relay.Users;

/// <summary>
/// What is done to a user's queues, each as one atomic step. Keys, all in the user's slot: 1 <c>push:queues</c>, 2 <c>push:offline</c>,
/// 3 <c>push:inflight</c>, 4 <c>push:history</c>, 5 <c>push:offline-bytes</c>. Ids are text of 20 digits, compared as such, since Lua's
/// numbers end at 2^53. An entry begins with its id, three digits of attempts, and the queue's length and name (<see cref="UserEntry"/>).
/// <para>Redis does not take back what a script did before a command that it refuses (no right to it, a key of another type). So each
/// script writes a message to its new place before it takes it from the old one, the history knows it last, and done again after any such
/// end it does the rest.</para>
/// </summary>
internal static partial class UserScripts
{
    /// <summary>
    /// Arguments: id, queue, entry, messages at most, bytes at most, time to live (ms), tokens of the living, 1 = may be stored already,
    /// messages of history (0 = none), its age (ms), when the caller has given it up (ms, Redis' clock): then it has gone another way, and
    /// is stored as attempted. Returns the owners, then the ids that had to leave. It looks for the message in any case: a first try that
    /// was cut off can be done behind its repetition, and behind the message's end (the history then ends with it or what is newer). With
    /// a holder the offline queue is all but empty. What may be stored already, and is in the history but nowhere else, was stored and is
    /// over.
    /// </summary>
    public const string Accept = Common + """
        local id, queue, entry = ARGV[1], ARGV[2], ARGV[3]
        local known = redis.call('HGET', KEYS[3], 'o' .. id)
        if known then return {known} end
        local owners = holders(queue, ARGV[7])
        if ARGV[8] == '1' or owners ~= '' then
          for _, e in ipairs(redis.call('LRANGE', KEYS[2], 0, -1)) do
            if string.sub(e, 1, 20) == id then return {''} end
          end
        end
        if (ARGV[8] == '1' or is_late(id)) and was_stored(id) then return {''} end
        local t = redis.call('TIME')
        if t[1] * 1000 + math.floor(t[2] / 1000) > tonumber(ARGV[11]) then entry = attempted(entry) end
        if owners == '' then
          put(entry)
          remember(entry, ARGV[9], ARGV[10])
          return trim({''}, tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6])
        end
        redis.call('HSET', KEYS[3], id, entry, 'o' .. id, owners)
        redis.call('PEXPIRE', KEYS[3], ARGV[6])
        remember(entry, ARGV[9], ARGV[10])
        return {owners}
        """;

    /// <summary>
    /// Arguments: own token, queue, time to live (ms), tokens of the living, highest id of this server's own in-flight messages that the
    /// relay should have brought, 1 = return those too that it still may bring, so that nothing newer overtakes them. Makes the server a
    /// holder and returns the entries that it now owns, by id.
    /// </summary>
    public const string Take = Common + """
        local self, queue, alive, threshold = ARGV[1], ARGV[2], ARGV[4], ARGV[5]
        local server, epoch = string.match(self, '^(%d+)%.(.*)$')
        redis.call('HSET', KEYS[1], server .. ':' .. queue, epoch)
        redis.call('PEXPIRE', KEYS[1], ARGV[3])
        local known = redis.call('HGETALL', KEYS[1])
        for i = 1, #known, 2 do
          local token = string.match(known[i], '^(%d+):') .. '.' .. known[i + 1]
          if not string.find(alive, ',' .. token .. ',', 1, true) then redis.call('HDEL', KEYS[1], known[i]) end
        end
        local out, all = {}, redis.call('HGETALL', KEYS[3])
        local owners = {}
        for i = 1, #all, 2 do
          if string.sub(all[i], 1, 1) == 'o' then owners[string.sub(all[i], 2)] = all[i + 1] end
        end
        for i = 1, #all, 2 do
          local id, entry = all[i], all[i + 1]
          if string.sub(id, 1, 1) ~= 'o' and queue_of(entry) == queue then
            local own = owners[id] or ','
            if string.find(own, ',' .. self .. ',', 1, true) then
              if id <= threshold then
                out[#out + 1] = attempted(entry)
              elseif ARGV[6] == '1' then
                out[#out + 1] = entry
              end
            elseif living(own, alive) == ',' then
              entry = attempted(entry)
              redis.call('HSET', KEYS[3], id, entry, 'o' .. id, ',' .. self .. ',')
              out[#out + 1] = entry
            end
          end
        end
        local waiting, moved, left, size = redis.call('LRANGE', KEYS[2], 0, -1), {}, 0, 0
        for _, entry in ipairs(waiting) do
          local id = string.sub(entry, 1, 20)
          if queue_of(entry) == queue then
            if not owners[id] then
              redis.call('HSET', KEYS[3], id, entry, 'o' .. id, ',' .. self .. ',')
              out[#out + 1] = entry
            end
            moved[#moved + 1] = entry
          else
            left = left + 1
            size = size + #entry
          end
        end
        if #out > 0 then redis.call('PEXPIRE', KEYS[3], ARGV[3]) end
        if #moved > 0 and left == 0 then
          redis.call('DEL', KEYS[2], KEYS[5])
        elseif #moved > 0 then
          for _, entry in ipairs(moved) do redis.call('LREM', KEYS[2], 1, entry) end
          redis.call('SET', KEYS[5], size, 'PX', ARGV[3])
          redis.call('PEXPIRE', KEYS[2], ARGV[3])
        end
        table.sort(out, function(a, b) return string.sub(a, 1, 20) < string.sub(b, 1, 20) end)
        return out
        """;

    /// <summary>
    /// Ends one server's ownership. Arguments: its token (or <c>17.</c> for any life of server 17, <c>*</c> for all), queue, id,
    /// attempts (three digits,
    /// or empty = as they are), messages at most,
    /// bytes at most, time to live (ms), tokens of the living, the entry if it is to be stored even when it is not known (else empty),
    /// messages of history (0 = none), its age (ms).
    /// Returns nothing when others own it, it waits already (a session had it from the history; that counts as an attempt all the same), or
    /// it is settled; else the tokens that hold the queue, then the ids that had to leave. Whether an
    /// entry that is not known was lost or is over, the history tells: it was written with it, and is lost with it.
    /// </summary>
    public const string Release = Common + """
        local self, queue, id = ARGV[1], ARGV[2], ARGV[3]
        local owners = redis.call('HGET', KEYS[3], 'o' .. id)
        local entry = ARGV[9]
        if owners then
          owners = without(owners, self)
          if living(owners, ARGV[8]) ~= ',' then
            redis.call('HSET', KEYS[3], 'o' .. id, owners)
            local kept = redis.call('HGET', KEYS[3], id)
            if kept and ARGV[4] > string.sub(kept, 21, 23) then
              redis.call('HSET', KEYS[3], id, string.sub(kept, 1, 20) .. ARGV[4] .. string.sub(kept, 24))
            end
            return {}
          end
          entry = redis.call('HGET', KEYS[3], id)
        end
        if not owners and mark(id, ARGV[4]) then return {} end
        if not entry or entry == '' then return {} end
        if not owners and was_stored(id) then return {} end
        local given = entry
        if ARGV[4] > string.sub(entry, 21, 23) then given = string.sub(entry, 1, 20) .. ARGV[4] .. string.sub(entry, 24) end
        put(given)
        if owners then
          redis.call('HDEL', KEYS[3], id, 'o' .. id)
        else
          remember(entry, ARGV[10], ARGV[11])
        end
        return trim({holders(queue, ARGV[8])}, tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7])
        """;

    /// <summary>
    /// Arguments: id, the entry if it was accepted without the store (else empty), messages of history (0 = none), its age (ms). The
    /// message is over, wherever it is. Returns 1 when it was in the offline queue. Its acceptance may have been sent and not be done yet,
    /// so what the store was not known to know goes into the history, for that to find.
    /// </summary>
    public const string Settle = Common + """
        local id = ARGV[1]
        if ARGV[2] ~= '' and not was_stored(id) then remember(ARGV[2], ARGV[3], ARGV[4]) end
        if redis.call('HDEL', KEYS[3], id, 'o' .. id) > 0 then return 0 end
        for _, entry in ipairs(redis.call('LRANGE', KEYS[2], 0, -1)) do
          if string.sub(entry, 1, 20) == id then
            redis.call('LREM', KEYS[2], 1, entry)
            redis.call('DECRBY', KEYS[5], #entry)
            return 1
          end
        end
        return 0
        """;

    /// <summary>
    /// Arguments: own token, queue. This life of the server holds it no longer. Returns the ids of messages that it still owns.
    /// </summary>
    public const string Leave = Common + """
        local server, epoch = string.match(ARGV[1], '^(%d+)%.(.*)$')
        local field = server .. ':' .. ARGV[2]
        if redis.call('HGET', KEYS[1], field) == epoch then redis.call('HDEL', KEYS[1], field) end
        local out, entries, all = {}, {}, redis.call('HGETALL', KEYS[3])
        for i = 1, #all, 2 do
          if string.sub(all[i], 1, 1) ~= 'o' then entries[all[i]] = all[i + 1] end
        end
        for i = 1, #all, 2 do
          local id = string.sub(all[i], 2)
          if string.sub(all[i], 1, 1) == 'o' and string.find(all[i + 1], ',' .. ARGV[1] .. ',', 1, true)
            and entries[id] and queue_of(entries[id]) == ARGV[2] then
            out[#out + 1] = id
          end
        end
        return out
        """;

    /// <summary>
    /// Arguments: tokens of the living, messages at most, bytes at most, time to live (ms). Puts what only the dead own into the offline
    /// queue. Returns how many, then the tokens that hold any queue of the user.
    /// </summary>
    public const string Orphans = Common + """
        local all = redis.call('HGETALL', KEYS[3])
        local entries, moved, queues = {}, 0, {}
        for i = 1, #all, 2 do
          if string.sub(all[i], 1, 1) ~= 'o' then entries[all[i]] = all[i + 1] end
        end
        for i = 1, #all, 2 do
          if string.sub(all[i], 1, 1) == 'o' and living(all[i + 1], ARGV[1]) == ',' then
            local id = string.sub(all[i], 2)
            if entries[id] then
              put(attempted(entries[id]))
              moved = moved + 1
              queues[queue_of(entries[id])] = true
            end
            redis.call('HDEL', KEYS[3], id, 'o' .. id)
          end
        end
        local out = {tostring(moved)}
        for queue, _ in pairs(queues) do
          out[#out + 1] = queue
          out[#out + 1] = holders(queue, ARGV[1])
        end
        if moved > 0 then trim({}, tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]) end
        return out
        """;

    /// <summary>
    /// Arguments: own token, queue, id. Returns the entries of the history with a greater id, for a client that resumes. They go to it
    /// whoever owns them, so those that wait, or that other servers own, count as attempted from now on.
    /// </summary>
    public const string ReadHistory = Common + """
        local self, queue, after = ARGV[1], ARGV[2], ARGV[3]
        local out, shown = {}, {}
        for _, item in ipairs(redis.call('XRANGE', KEYS[4], '-', '+')) do
          local entry = item[2][2]
          local id = string.sub(entry, 1, 20)
          if id > after and queue_of(entry) == queue then
            out[#out + 1] = entry
            shown[id] = true
            local owners = redis.call('HGET', KEYS[3], 'o' .. id)
            if owners and not string.find(owners, ',' .. self .. ',', 1, true) then
              redis.call('HSET', KEYS[3], id, attempted(redis.call('HGET', KEYS[3], id)))
            end
          end
        end
        if #out == 0 then return out end
        for i, entry in ipairs(redis.call('LRANGE', KEYS[2], 0, -1)) do
          if shown[string.sub(entry, 1, 20)] and attempted(entry) ~= entry then
            redis.call('LSET', KEYS[2], i - 1, attempted(entry))
          end
        end
        return out
        """;
}
