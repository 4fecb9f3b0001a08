using FastPush.Gateway.Auth;
using FastPush.Gateway.Options;
using FastPush.Gateway.Transport;
using Microsoft.AspNetCore.Connections;

namespace FastPush.Gateway.Http;

/// <summary>The HTTP side: every endpoint, behind what all of them share.</summary>
internal static class Endpoints
{
    public static void Map(WebApplication app)
    {
        // Kestrel hands requests over on the socket engine's thread; everything behind this line may take its time.
        app.Use(static async (context, next) =>
        {
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            await next(context);
        });
        var crossOrigin = new CrossOrigin(app.Services.GetRequiredService<OriginPolicy>());
        var limits = app.Services.GetRequiredService<GatewayOptions>().Limits;
        app.Use((context, next) => crossOrigin.InvokeAsync(context, next));
        app.UseExceptionHandler();
        app.Use(AnswerBadRequestsAsync);
        app.UseStatusCodePages();
        app.Use((context, next) => RequestHeadLimits.CheckAsync(context, next, limits));
        app.Use(static (context, next) => RequestMethods.HeadAsGetAsync(context, next));
        app.UseConsole();
        app.UseRouting();
        app.Use((context, next) => RequestMethods.OptionsAsync(context, next, path => ConsolePage.Has(app.Environment, path)));
        HealthEndpoints.Map(app);
        MetricsEndpoint.Map(app);
        InfoEndpoints.Map(app, app.Services.GetRequiredService<RunMode>(), app.Services.GetService<DevIssuer>());
        MessageEndpoints.Map(app);
        SseEndpoint.Map(app);
        app.MapOpenApi();
        app.MapGet("/stomp", static context =>
        {
            if (context.Request.Path.Value != "/stomp")
            {
                context.Response.Headers.Connection = "close";
                return Problem.WriteAsync(context, StatusCodes.Status404NotFound, "The WebSocket is at /stomp, without a slash behind it.");
            }

            context.Response.Headers.Upgrade = "websocket";
            if (context.Request.Headers.Upgrade.Count > 0)
            {
                // It was not seen as an upgrade in front of this server, and on this connection it will not be: a new one may help.
                context.Response.Headers.Connection = "close, Upgrade";
            }

            return Problem.WriteAsync(context, StatusCodes.Status426UpgradeRequired, "This path is for WebSocket upgrades over HTTP/1.1.");
        }).ExcludeFromDescription();
    }

    // What a client does wrong, as leaving amid its request, is no fault of the gateway and not for its log.
    private static async Task AnswerBadRequestsAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
        }
        catch (BadHttpRequestException e) when (!context.Response.HasStarted)
        {
            await Problem.WriteAsync(context, e.StatusCode, e.Message);
        }
        catch (ConnectionResetException)
        {
            context.Abort();
        }
    }
}
