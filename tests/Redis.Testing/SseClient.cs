using System.Text;
using System.Threading.Channels;

namespace FastPush.Redis.Testing;

/// <summary>One event of a stream (HTML standard, "Server-sent events").</summary>
/// <param name="Id">The message id.</param>
/// <param name="Type"><c>message</c> unless the event names another.</param>
/// <param name="Data">Its lines joined by line feeds.</param>
public sealed record SseEvent(string Id, string Type, string Data)
{
    /// <summary>The message's own id, which a stream of several destinations puts in front of its position.</summary>
    public string MessageId => Id.Split('.')[0];
}

/// <summary>A reader of <c>GET /sse</c>.</summary>
public sealed class SseClient : IAsyncDisposable
{
    private readonly HttpClient _http;
    private readonly HttpResponseMessage _response;
    private readonly CancellationTokenSource _over = new();
    private readonly Channel<SseEvent> _events = Channel.CreateUnbounded<SseEvent>();
    private readonly Task _reading;

    private SseClient(HttpClient http, HttpResponseMessage response)
    {
        _http = http;
        _response = response;
        _reading = ReadAsync();
    }

    /// <summary>Events in the order they came; complete once the stream has ended.</summary>
    public ChannelReader<SseEvent> Events => _events.Reader;

    /// <summary>The id of the last event that came, for <c>Last-Event-ID</c>; null before the first.</summary>
    public string? LastEventId { get; private set; }

    /// <summary>Opens a stream; the subscriptions are in force when it returns.</summary>
    /// <exception cref="HttpRequestException">There is nobody, or the answer is not 200; it has the status.</exception>
    public static async Task<SseClient> OpenAsync(Uri gateway, string token, string? lastEventId, params string[] destinations)
    {
        // A client of its own: an open stream is a connection of its own.
        var http = new HttpClient { BaseAddress = gateway, Timeout = Timeout.InfiniteTimeSpan };
        try
        {
            var query = string.Join('&', destinations.Select(d => "destination=" + Uri.EscapeDataString(d)));
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"/sse?{query}", UriKind.Relative));
            request.Headers.Add("Authorization", "Bearer " + token);
            if (lastEventId is not null)
            {
                request.Headers.Add("Last-Event-ID", lastEventId);
            }

            var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Deadline.Token());
            try
            {
                response.EnsureSuccessStatusCode();
                return new SseClient(http, response);
            }
            catch
            {
                response.Dispose();
                throw;
            }
        }
        catch
        {
            http.Dispose();
            throw;
        }
    }

    /// <summary>The next event.</summary>
    /// <exception cref="TimeoutException">None came in time.</exception>
    /// <exception cref="ConnectionEndedException">None came before the end.</exception>
    public async Task<SseEvent> NextAsync(TimeSpan? within = null)
    {
        try
        {
            return await _events.Reader.ReadAsync(Deadline.Token(within));
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"no event within {within ?? Deadline.Default}");
        }
        catch (ChannelClosedException)
        {
            throw new ConnectionEndedException("the stream ended");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        _response.Dispose();
        _http.Dispose();
        await _reading;
    }

    private async Task ReadAsync()
    {
        try
        {
            using var reader = new StreamReader(await _response.Content.ReadAsStreamAsync(_over.Token), Encoding.UTF8);
            var (id, type, data) = ("", "message", new StringBuilder());
            while (await reader.ReadLineAsync(_over.Token) is { } line)
            {
                var colon = line.IndexOf(':', StringComparison.Ordinal);
                var (field, value) = colon < 0 ? (line, "") : (line[..colon], line[(colon + 1)..]);
                value = value.StartsWith(' ') ? value[1..] : value;
                if (line.Length == 0 && data.Length > 0)
                {
                    LastEventId = id;
                    _events.Writer.TryWrite(new SseEvent(id, type, data.ToString(0, data.Length - 1)));
                    (type, data) = ("message", new StringBuilder());
                }

                _ = field switch
                {
                    "id" => id = value,
                    "event" => type = value,
                    "data" => data.Append(value).Append('\n').ToString(),
                    _ => line, // retry, comments, and what the standard says to ignore.
                };
            }
        }
        catch (Exception e) when (e is IOException or HttpRequestException or OperationCanceledException or ObjectDisposedException)
        {
            _over.Cancel(); // The connection broke; for a reader that is the end of the stream.
        }
        finally
        {
            _events.Writer.Complete();
        }
    }
}
