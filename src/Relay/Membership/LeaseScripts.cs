namespace FastPush.Relay.Membership;

/// <summary>
/// What is done to the key of one server id, <c>push:server:{id}</c>: the owner's secret, a space, and the owner's wall clock (Unix ms) at
/// its last renewal. An id that was given back has the owner <c>-</c> until the key runs out.
/// </summary>
internal static class LeaseScripts
{
    /// <summary>
    /// Arguments: own secret, time to live (ms), own clock (Unix ms), how long a Redis rests after its start (ms; -1 = take the id from
    /// whoever has it), from renewal to renewal (ms). Returns nothing when another has it; one value when Redis has to rest for so many ms;
    /// else a new epoch (Redis' clock in µs) and up to which Unix ms the last owner may have used the id, or "0".
    /// </summary>
    public const string Claim = """
        local owner, clock = string.match(redis.call('GET', KEYS[1]) or '', '^(%S+) (%d+)$')
        local rest = tonumber(ARGV[4])
        if owner and owner ~= '-' and owner ~= ARGV[1] and rest >= 0 then return {} end
        if rest > 0 then
          local info = redis.pcall('INFO', 'server')
          local up = type(info) == 'string' and string.match(info, 'uptime_in_seconds:(%d+)')
          if up and up * 1000 < rest then return {string.format('%.0f', rest - up * 1000)} end
        end
        redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[3], 'PX', ARGV[2])
        if owner == ARGV[1] then clock = 0 elseif owner and owner ~= '-' then clock = clock + ARGV[5] end
        local t = redis.call('TIME')
        return {t[1] .. string.format('%06d', t[2]), string.format('%.0f', clock or 0)}
        """;

    /// <summary>
    /// Arguments: own secret, time to live (ms), own clock (Unix ms). Returns 0 when another has it, 1 when it was renewed, 2 when nobody
    /// had it and it was claimed again.
    /// </summary>
    public const string Renew = """
        local owner = string.match(redis.call('GET', KEYS[1]) or '', '^(%S+) ')
        if owner and owner ~= '-' and owner ~= ARGV[1] then return 0 end
        redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[3], 'PX', ARGV[2])
        return owner == ARGV[1] and 1 or 2
        """;

    /// <summary>
    /// Arguments: own secret, how long the last clock is remembered (ms), own clock (Unix ms). Only the owner can give it back.
    /// </summary>
    public const string Release = """
        if string.match(redis.call('GET', KEYS[1]) or '', '^(%S+) ') ~= ARGV[1] then return 0 end
        redis.call('SET', KEYS[1], '- ' .. ARGV[3], 'PX', ARGV[2])
        return 1
        """;

    /// <summary>Key: any of the server that is asked. Returns its clock, Unix ms.</summary>
    public const string Time = """
        local t = redis.call('TIME')
        return t[1] * 1000 + math.floor(t[2] / 1000)
        """;

    /// <summary>Key: when the fleet was first seen. Returns how many ms ago that was.</summary>
    public const string FleetAge = """
        local t = redis.call('TIME')
        local now = t[1] * 1000 + math.floor(t[2] / 1000)
        redis.call('SET', KEYS[1], string.format('%.0f', now), 'NX')
        return now - redis.call('GET', KEYS[1])
        """;
}
