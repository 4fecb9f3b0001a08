namespace FastPush.Gateway.Http;

/// <summary>The console page at <c>/</c>: files beside the program, with headers that keep foreign scripts out.</summary>
internal static class ConsolePage
{
    // The page talks to this gateway only; the WebSocket's scheme must be named since 'self' does not cover it everywhere.
    private const string Policy =
        "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; base-uri 'none'; "
        + "frame-ancestors 'none'; form-action 'self'";

    /// <summary>One of its files is at this path.</summary>
    public static bool Has(IWebHostEnvironment environment, string path) =>
        path is "/" or "*" || environment.WebRootFileProvider.GetFileInfo(path).Exists;

    public static void UseConsole(this WebApplication app)
    {
        app.UseDefaultFiles();
        app.UseStaticFiles(new StaticFileOptions
        {
            OnPrepareResponse = static file =>
            {
                var headers = file.Context.Response.Headers;
                headers.ContentSecurityPolicy = Policy;
                headers.XContentTypeOptions = "nosniff";
                headers.CacheControl = "no-cache";
                headers["Referrer-Policy"] = "no-referrer";
            },
        });
    }
}
