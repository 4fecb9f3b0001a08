using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace FastPush.Redis.Testing;

/// <summary>Redis said no; the message is its own, such as <c>OOM command not allowed when used memory &gt; 'maxmemory'.</c></summary>
public sealed class RedisErrorException(string message) : Exception(message);

/// <summary>A connection to Redis for looks from outside (RESP2, one command at a time), sharing no code with the gateway.</summary>
public sealed class RespClient : IAsyncDisposable
{
    private readonly Stream _stream;
    private readonly byte[] _buffer = new byte[16 << 10];
    private int _start;
    private int _end;

    private RespClient(Stream stream)
    {
        _stream = stream;
    }

    /// <summary>Connects and logs in.</summary>
    /// <param name="server">Where.</param>
    /// <param name="user">ACL user; null = <c>default</c>.</param>
    /// <param name="password">Null = log in not at all.</param>
    /// <param name="certificates">TLS, with a server of this authority; null = no TLS.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="RedisErrorException">It does not let this user in.</exception>
    public static async Task<RespClient> OpenAsync(
        IPEndPoint server, string? user, string? password, TestCertificates? certificates, CancellationToken cancel)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(server, cancel);
            Stream stream = new NetworkStream(socket, ownsSocket: true);
            if (certificates is not null)
            {
                var secured = new SslStream(stream);
                await secured.AuthenticateAsClientAsync(certificates.ClientOptions(), cancel);
                stream = secured;
            }

            var client = new RespClient(stream);
            if (password is not null)
            {
                await client.CommandAsync(cancel, user is null ? ["AUTH", password] : ["AUTH", user, password]);
            }

            return client;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>One command and its reply: string, long, null, or object?[] of these.</summary>
    /// <exception cref="RedisErrorException">Redis' reply was an error.</exception>
    public async Task<object?> CommandAsync(CancellationToken cancel, params IReadOnlyList<string> words)
    {
        ArgumentNullException.ThrowIfNull(words);
        var text = new StringBuilder(Format($"*{words.Count}\r\n"));
        foreach (var word in words)
        {
            text.Append(Format($"${Encoding.UTF8.GetByteCount(word)}\r\n{word}\r\n"));
        }

        await _stream.WriteAsync(Encoding.UTF8.GetBytes(text.ToString()), cancel);
        return await ReplyAsync(cancel);
    }

    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    private static string Format(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private async Task<object?> ReplyAsync(CancellationToken cancel)
    {
        var line = await LineAsync(cancel);
        switch (line[0])
        {
            case '+':
                return line[1..];
            case '-':
                throw new RedisErrorException(line[1..]);
            case ':':
                return long.Parse(line.AsSpan(1), CultureInfo.InvariantCulture);
            case '$':
                var length = int.Parse(line.AsSpan(1), CultureInfo.InvariantCulture);
                return length < 0 ? null : await BulkAsync(length, cancel);
            case '*':
                var count = int.Parse(line.AsSpan(1), CultureInfo.InvariantCulture);
                if (count < 0)
                {
                    return null;
                }

                var items = new object?[count];
                for (var i = 0; i < count; i++)
                {
                    items[i] = await ReplyAsync(cancel);
                }

                return items;
            default:
                throw new InvalidDataException($"no RESP: {line}");
        }
    }

    private async Task<string> BulkAsync(int length, CancellationToken cancel)
    {
        var bytes = new byte[length + 2];
        var read = 0;
        while (read < bytes.Length)
        {
            await FillAsync(cancel);
            var part = Math.Min(_end - _start, bytes.Length - read);
            _buffer.AsSpan(_start, part).CopyTo(bytes.AsSpan(read));
            _start += part;
            read += part;
        }

        // Envelopes are bytes; what a test compares with is their text.
        return Encoding.Latin1.GetString(bytes, 0, length);
    }

    private async Task<string> LineAsync(CancellationToken cancel)
    {
        var line = new StringBuilder();
        while (true)
        {
            await FillAsync(cancel);
            var next = (char)_buffer[_start++];
            if (next == '\n')
            {
                return line.ToString().TrimEnd('\r');
            }

            line.Append(next);
        }
    }

    private async Task FillAsync(CancellationToken cancel)
    {
        if (_start < _end)
        {
            return;
        }

        _start = 0;
        _end = await _stream.ReadAsync(_buffer, cancel);
        if (_end == 0)
        {
            throw new EndOfStreamException("Redis closed the connection");
        }
    }
}
