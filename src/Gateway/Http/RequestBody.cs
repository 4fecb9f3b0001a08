namespace FastPush.Gateway.Http;

/// <summary>Reads a whole request body of bounded size.</summary>
internal static class RequestBody
{
    /// <summary>
    /// The bytes, or null when there are more than <paramref name="bytesMax"/>. Ends on a pool thread: the body's last bytes may have come
    /// on a socket thread, which must not be kept from its connections by what the caller does next.
    /// </summary>
    public static async Task<byte[]?> ReadAsync(HttpRequest request, int bytesMax)
    {
        if (request.ContentLength > bytesMax)
        {
            return null;
        }

        using var body = new MemoryStream();
        var buffer = new byte[8192];
        int read;
        while ((read = await request.Body.ReadAsync(buffer, request.HttpContext.RequestAborted)) > 0)
        {
            if (body.Length + read > bytesMax)
            {
                return null;
            }

            body.Write(buffer, 0, read);
        }

        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        return body.ToArray();
    }
}
