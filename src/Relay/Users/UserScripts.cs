namespace FastPush.Relay.Users;

/// <summary>
/// What is done to one queue of a user, each as one atomic step. Keys, all in the user's slot: 1 <c>push:queues</c>, 2
/// <c>push:offline</c>, 3 <c>push:inflight</c>, 4 <c>push:entries</c>, 5 <c>push:offline-bytes</c>, 6 <c>push:history</c>, 7
/// <c>push:history-entries</c>. Ids are text of 20 digits, compared as such, since Lua's numbers end at 2^53. An entry begins with its id
/// and three digits of attempts (<see cref="UserEntry"/>); those that count are kept beside it, under <c>a</c> and the id.
/// <para>No script looks at more bodies than it was given or returns, and what it returns is bounded in bytes by its caller: a queue's
/// ids are some kilobytes at most, its bodies may be megabytes, and nobody else is served meanwhile.</para>
/// <para>Redis does not take back what a script did before a command that it refuses (no right to it, a key of another type). So each
/// script writes a message to its new place before it takes it from the old one, the history knows it last, and done again after any such
/// end it does the rest.</para>
/// </summary>
internal static partial class UserScripts
{
    /// <summary>
    /// Arguments: id, entry, attempts, messages at most, bytes at most, time to live (ms), tokens of the living, messages of history (0 =
    /// none), its age (ms), when the caller has given it up (ms, Redis' clock): then it has gone another way, and is stored as attempted.
    /// Returns the owners, then the ids that had to leave. A message that is known, waits, or was stored once is left as it is: a first
    /// try that was cut off can be done behind its repetition, and behind the message's end. One that was only prepared goes on from there.
    /// </summary>
    public const string Accept = Common + """
        local id, attempts = ARGV[1], ARGV[3]
        local known = redis.call('HGET', KEYS[3], id)
        if known and string.sub(known, 1, 2) ~= ',P' then return {known} end
        if not known and (redis.call('LPOS', KEYS[2], id) or was_stored(id)) then return {''} end
        local t = redis.call('TIME')
        if t[1] * 1000 + math.floor(t[2] / 1000) > tonumber(ARGV[10]) and attempts == '000' then attempts = '001' end
        keep(id, ARGV[2], attempts, ARGV[6])
        local owners = holders(ARGV[7])
        if owners == '' then
          put(id)
          if known then redis.call('HDEL', KEYS[3], id) end
          remember(id, ARGV[2], ARGV[8], ARGV[9])
          return trim({''}, tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6])
        end
        own(id, owners, ARGV[6])
        remember(id, ARGV[2], ARGV[8], ARGV[9])
        return {owners}
        """;

    /// <summary>
    /// Arguments: id, entry, attempts, time to live (ms), the attempt (<c>P17.3:5</c>: server token, number), when the caller has given it
    /// up (ms, Redis' clock). Keeps a message for its publisher alone, until it is accepted or withdrawn, or the publisher's server dies;
    /// when that is given up by now, or the message is known in any way, nothing is done.
    /// </summary>
    public const string Prepare = Common + """
        local id = ARGV[1]
        if redis.call('HEXISTS', KEYS[3], id) == 1 or redis.call('LPOS', KEYS[2], id) or was_stored(id) then return 0 end
        local t = redis.call('TIME')
        if t[1] * 1000 + math.floor(t[2] / 1000) > tonumber(ARGV[6]) then return 0 end
        keep(id, ARGV[2], ARGV[3], ARGV[4])
        own(id, ',' .. ARGV[5] .. ',', ARGV[4])
        return 1
        """;

    /// <summary>Arguments: id, the attempt. What that one prepared, and nobody has accepted, is gone.</summary>
    public const string Withdraw = """
        if redis.call('HGET', KEYS[3], ARGV[1]) ~= ',' .. ARGV[2] .. ',' then return 0 end
        redis.call('HDEL', KEYS[3], ARGV[1])
        redis.call('HDEL', KEYS[4], ARGV[1], 'a' .. ARGV[1])
        return 1
        """;

    /// <summary>
    /// Arguments: own token, time to live (ms), tokens of the living, highest id of this server's own in-flight messages that the relay
    /// should have brought, 1 = return those too that it still may bring, so that nothing newer overtakes them, bytes to return at most.
    /// Makes the server a holder, and the owner of the first messages that wait, as many as those bytes are, or one. Returns 1 when more
    /// wait, how many ids follow of messages in flight that it may claim (<see cref="Claim"/>), these ids, and the entries it now owns.
    /// </summary>
    public const string Take = Common + """
        local self, ttl, alive, bytes = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[6])
        local server, epoch = string.match(self, '^(%d+)%.(.*)$')
        redis.call('HSET', KEYS[1], server, epoch)
        redis.call('PEXPIRE', KEYS[1], ttl)
        local known = redis.call('HGETALL', KEYS[1])
        for i = 1, #known, 2 do
          if not string.find(alive, ',' .. known[i] .. '.' .. known[i + 1] .. ',', 1, true) then
            redis.call('HDEL', KEYS[1], known[i])
          end
        end
        local out, all = {'0', '0'}, redis.call('HGETALL', KEYS[3])
        for i = 1, #all, 2 do
          if string.find(all[i + 1], ',' .. self .. ',', 1, true) then
            if all[i] <= ARGV[4] or ARGV[5] == '1' then out[#out + 1] = all[i] end
          elseif living(all[i + 1], alive) == ',' then
            out[#out + 1] = all[i]
          end
        end
        out[2] = tostring(#out - 2)
        local ids, size, taken = redis.call('LRANGE', KEYS[2], 0, 255), 0, 0
        for i = 1, #ids do
          local length = redis.call('HSTRLEN', KEYS[4], ids[i])
          if size > 0 and size + length > bytes then break end
          size = size + length
          taken = i
          if redis.call('HEXISTS', KEYS[3], ids[i]) == 0 then
            own(ids[i], ',' .. self .. ',', ttl)
            local entry = read(ids[i])
            if entry then out[#out + 1] = entry end
          end
          redis.call('LREM', KEYS[2], 1, ids[i])
        end
        if taken > 0 then
          local left = redis.call('LLEN', KEYS[2])
          if left > 0 then
            out[1] = '1'
            redis.call('DECRBY', KEYS[5], size)
            redis.call('PEXPIRE', KEYS[2], ttl)
          else
            redis.call('DEL', KEYS[5])
          end
          redis.call('PEXPIRE', KEYS[4], ttl)
        end
        return out
        """;

    /// <summary>
    /// Arguments: own token, time to live (ms), tokens of the living, highest id that the relay should have brought, bytes to return at
    /// most, then ids. Of these, in this order, the server gets those that it owns or that nobody alive does. Returns how many ids were
    /// looked at, as many as those bytes are, or one that is here, and the entries.
    /// </summary>
    public const string Claim = Common + """
        local self, ttl, alive, bytes = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[5])
        local out, size = {'0'}, 0
        for i = 6, #ARGV do
          local id = ARGV[i]
          local owners = redis.call('HGET', KEYS[3], id)
          local owned = owners and string.find(owners, ',' .. self .. ',', 1, true)
          if owned or (owners and living(owners, alive) == ',') then
            local length = redis.call('HSTRLEN', KEYS[4], id)
            if size > 0 and size + length > bytes then break end
            size = size + length
            if not owned then own(id, ',' .. self .. ',', ttl) end
            if not owned or id <= ARGV[4] then raise(id, '001') end
            local entry = read(id)
            if entry then out[#out + 1] = entry end
          end
          out[1] = tostring(i - 5)
        end
        return out
        """;

    /// <summary>
    /// Ends one server's ownership. Arguments: its token (or <c>17.</c> for any life of server 17, <c>*</c> for all), id, attempts (three
    /// digits, or empty = as they are), messages at most, bytes at most, time to live (ms), tokens of the living, the entry if it is to be
    /// stored even when it is not known (else empty), messages of history (0 = none), its age (ms).
    /// Returns nothing when others own it, it waits already (a session had it from the history; that counts as an attempt all the same), or
    /// it is settled; else the tokens that hold the queue, then the ids that had to leave. Whether an
    /// entry that is not known was lost or is over, the history tells: it was written with it, and is lost with it.
    /// </summary>
    public const string Release = Common + """
        local self, id, attempts = ARGV[1], ARGV[2], ARGV[3]
        local owners = redis.call('HGET', KEYS[3], id)
        if owners then
          owners = without(owners, self)
          if living(owners, ARGV[7]) ~= ',' then
            own(id, owners, ARGV[6])
            raise(id, attempts)
            return {}
          end
          raise(id, attempts)
        else
          if redis.call('LPOS', KEYS[2], id) then
            raise(id, attempts)
            return {}
          end
          if ARGV[8] == '' or was_stored(id) then return {} end
          local stored = string.sub(ARGV[8], 21, 23)
          keep(id, ARGV[8], attempts > stored and attempts or stored, ARGV[6])
        end
        put(id)
        if owners then
          redis.call('HDEL', KEYS[3], id)
        else
          remember(id, ARGV[8], ARGV[9], ARGV[10])
        end
        return trim({holders(ARGV[7])}, tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6])
        """;

    /// <summary>
    /// Arguments: id, the entry if it was accepted without the store (else empty), messages of history (0 = none), its age (ms). The
    /// message is over, wherever it is. Returns 1 when it was in the offline queue. Its acceptance may have been sent and not be done yet,
    /// so what the store was not known to know goes into the history, for that to find.
    /// </summary>
    public const string Settle = Common + """
        local id = ARGV[1]
        if ARGV[2] ~= '' and not was_stored(id) then remember(id, ARGV[2], ARGV[3], ARGV[4]) end
        local waits = redis.call('LPOS', KEYS[2], id)
        if waits then
          redis.call('DECRBY', KEYS[5], redis.call('HSTRLEN', KEYS[4], id))
          redis.call('LREM', KEYS[2], 1, id)
        end
        redis.call('HDEL', KEYS[3], id)
        redis.call('HDEL', KEYS[4], id, 'a' .. id)
        return waits and 1 or 0
        """;

    /// <summary>Arguments: own token. This life of the server holds the queue no longer. Returns the ids that it still owns.</summary>
    public const string Leave = """
        local server, epoch = string.match(ARGV[1], '^(%d+)%.(.*)$')
        if redis.call('HGET', KEYS[1], server) == epoch then redis.call('HDEL', KEYS[1], server) end
        local out, all = {}, redis.call('HGETALL', KEYS[3])
        for i = 1, #all, 2 do
          if string.find(all[i + 1], ',' .. ARGV[1] .. ',', 1, true) then out[#out + 1] = all[i] end
        end
        return out
        """;

    /// <summary>
    /// Arguments: tokens of the living, messages at most, bytes at most, time to live (ms), own token. Puts what only the dead own into the
    /// offline queue. Returns how many, the tokens that hold the queue, and how many are this server's.
    /// </summary>
    public const string Orphans = Common + """
        local all, moved, mine = redis.call('HGETALL', KEYS[3]), 0, 0
        for i = 1, #all, 2 do
          local id = all[i]
          if living(all[i + 1], ARGV[1]) == ',' then
            if redis.call('HEXISTS', KEYS[4], id) == 1 then
              raise(id, '001')
              put(id)
              moved = moved + 1
            end
            redis.call('HDEL', KEYS[3], id)
          elseif string.find(all[i + 1], ',' .. ARGV[5] .. ',', 1, true) then
            mine = mine + 1
          end
        end
        local out = {tostring(moved), holders(ARGV[1]), tostring(mine)}
        if moved > 0 then trim({}, tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]) end
        return out
        """;

    /// <summary>
    /// Arguments: own token, id, bytes to return at most. Returns the id after which more are to be read (empty = none), 1 when the
    /// history knows the one asked for and has all after it (2: it does not, but all newer ones that it was given lately), and the entries
    /// with a greater id, as many as those bytes are, or one, for a client that resumes. They go to it whoever owns them, so those that
    /// wait, or that other servers own, count as attempted from now on.
    /// </summary>
    public const string ReadHistory = Common + """
        local self, after, bytes = ARGV[1], ARGV[2], tonumber(ARGV[3])
        local ids, size = redis.call('ZRANGEBYLEX', KEYS[6], '(' .. after, '+', 'LIMIT', 0, 256), 0
        local known = '0'
        if #ids == 0 or redis.call('HEXISTS', KEYS[7], ids[1]) == 1 then
          known = was_stored(after) and '1' or (redis.call('ZCARD', KEYS[6]) < 1000 and '2' or '0')
        end
        local out = {'', known}
        for i = 1, #ids do
          local id = ids[i]
          local length = redis.call('HSTRLEN', KEYS[7], id)
          if size > 0 and size + length > bytes then break end
          if length > 0 then
            size = size + length
            out[#out + 1] = redis.call('HGET', KEYS[7], id)
            local owners = redis.call('HGET', KEYS[3], id)
            if owners then
              if not string.find(owners, ',' .. self .. ',', 1, true) then raise(id, '001') end
            elseif redis.call('LPOS', KEYS[2], id) then
              raise(id, '001')
            end
          end
          if i < #ids or i == 256 then out[1] = id else out[1] = '' end
        end
        return out
        """;
}
